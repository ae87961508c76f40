/** The rules of the house, each as a function from files to the lines that break it. */
import { closureOf, importsOf, packageOf, resolved, type SourceFile } from './source.ts';

type Room = {
  /** Rooms whose modules may be imported, besides its own. */
  readonly rooms: readonly string[];
  /** Rooms of which only types may be imported: nothing of them is loaded. */
  readonly types?: readonly string[];
  /** Rooms that may be loaded when they are needed. */
  readonly lazily?: readonly string[];
  /** Packages and Node's modules; undefined for any. */
  readonly packages?: readonly string[];
};

/** Who may import whom. design: a line of code should know its room. */
export const rooms: Readonly<Record<string, Room>> = {
  domain: { rooms: [], packages: [] },
  spec: { rooms: ['domain'], packages: ['yaml', 'node:crypto', 'node:fs'] },
  workflows: { rooms: ['domain'], types: ['activities'], packages: ['@temporalio/workflow', '@temporalio/common'] },
  activities: { rooms: ['domain', 'spec'] },
  worker: { rooms: ['domain', 'spec', 'workflows', 'activities', 'client'] },
  client: { rooms: ['domain', 'spec', 'workflows'], types: ['dev'], lazily: ['worker', 'deploy', 'dev'] },
  deploy: { rooms: ['domain', 'spec', 'activities'] },
  dev: { rooms: [], lazily: ['deploy'] },
};

const kubernetesClient = '@kubernetes/client-node';
const mayUseKubernetesClient = ['activities/kube/', 'deploy/'];

export function roomOf(path: string): string {
  return path.split('/')[0] ?? '';
}

/** Imports that leave their room for one they may not know. */
export function roomViolations(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const room = rooms[roomOf(path)];
    if (room === undefined) return [];
    return importsOf(text).flatMap(({ from, kind }) => {
      if (!from.startsWith('.')) {
        const allowed = room.packages === undefined || room.packages.includes(packageOf(from) ?? from);
        return allowed ? [] : [`${path} imports ${from}`];
      }
      const target = roomOf(resolved(path, from));
      const allowed =
        target === roomOf(path) ||
        room.rooms.includes(target) ||
        (kind === 'type' && room.types?.includes(target) === true) ||
        (kind === 'dynamic' && room.lazily?.includes(target) === true);
      return allowed ? [] : [`${path} imports ${from} (${kind})`];
    });
  });
}

/** Importing the Kubernetes client costs 1.3 s and 80 MB: one folder knows it. */
export function kubernetesClientViolations(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => rooms[roomOf(path)] !== undefined)
    .filter(({ path }) => !mayUseKubernetesClient.some((folder) => path.startsWith(folder)))
    .filter(({ text }) => importsOf(text).some(({ from }) => packageOf(from) === kubernetesClient))
    .map(({ path }) => `${path} imports ${kubernetesClient}`);
}

/** What a user of the CLI or the library waits for at every start must not contain a worker or a cluster's client. */
export function startViolations(entry: string, files: readonly SourceFile[]): string[] {
  const heavy = (name: string) =>
    ['activities', 'worker', 'deploy', 'dev'].includes(roomOf(name)) ||
    [kubernetesClient, '@temporalio/worker', '@temporalio/activity'].includes(packageOf(name) ?? '');
  return [...closureOf(entry, files)].flatMap(([name, way]) => (heavy(name) ? [way.join(' → ')] : []));
}

/** A workflow is replayed: what it loads must be deterministic, and small. */
export function workflowViolations(entry: string, files: readonly SourceFile[]): string[] {
  const allowed = (name: string) =>
    ['workflows', 'domain'].includes(roomOf(name)) || rooms.workflows?.packages?.includes(name) === true;
  return [...closureOf(entry, files)].flatMap(([name, way]) => (allowed(name) ? [] : [way.join(' → ')]));
}

export function defaultExports(files: readonly SourceFile[]): string[] {
  return files.filter(({ text }) => /^export default\b|\bas default\b/m.test(text)).map(({ path }) => path);
}

export function longFiles(files: readonly SourceFile[], limit = 300): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.split('\n').length - 1;
    return lines > limit ? [`${path} has ${lines} lines`] : [];
  });
}

type Manifest = {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

/** Packages that are used without being imported, and what for. */
export const tools: Readonly<Record<string, string>> = {
  '@biomejs/biome': 'npm run lint',
  '@swc/core': 'what @swc/jest compiles with',
  '@swc/jest': 'named in jest.config.js',
  '@types/node': 'types',
  jest: 'npm test',
  node: 'the Node that everything runs on',
  typescript: 'npm run typecheck',
};

/** Packages that the project has settled on and that no code needs yet. A line goes when its package is imported. */
export const awaited: Readonly<Record<string, string>> = {
  '@temporalio/testing': 'tests of workflows',
};

/** Packages imported and not listed, listed and not imported, or shipped as what only tests may use. */
export function dependencyViolations(
  files: readonly SourceFile[],
  { dependencies, devDependencies }: Manifest,
): string[] {
  const imported = new Map<string, string>();
  const shipped = new Map<string, string>();
  for (const { path, text } of files) {
    for (const { from, kind } of importsOf(text)) {
      const name = packageOf(from);
      if (name === undefined) continue;
      imported.set(name, path);
      if (kind !== 'type' && rooms[roomOf(path)] !== undefined) shipped.set(name, path);
    }
  }
  const listed = [...Object.keys(dependencies), ...Object.keys(devDependencies)];
  return [
    ...[...imported]
      .filter(([name]) => !listed.includes(name))
      .map(([name, path]) => `${path} imports ${name}, which package.json does not list`),
    ...[...shipped]
      .filter(([name]) => name in devDependencies)
      .map(([name, path]) => `${path} imports ${name}, which is a devDependency`),
    ...listed
      .filter((name) => !imported.has(name) && !(name in tools) && !(name in awaited))
      .map((name) => `nobody imports ${name}`),
    ...Object.keys(awaited)
      .filter((name) => imported.has(name) || !listed.includes(name))
      .map((name) => `${name} is no longer awaited`),
  ];
}

type Lock = { readonly packages: Readonly<Record<string, LockedPackage>> };
type LockedPackage = {
  readonly resolved?: string;
  readonly funding?: unknown;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};

/** The lock must say nothing of where it was made, and leave nothing open for `npm ci` on another platform. */
export function lockViolations({ packages }: Lock): string[] {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !places(path, name).some((place) => place in packages))
      .map((name) => `${name}, an optional dependency of ${path}, is not locked: npm ci refuses the lock`),
  );
  const located = Object.entries(packages).flatMap(([path, { funding: _, ...rest }]) =>
    'resolved' in rest || /https?:\/\//.test(JSON.stringify(rest)) ? [`${path} says where it was downloaded from`] : [],
  );
  return [...missing, ...located];
}

/** Where Node would find `name` from a package at `path`. */
function places(path: string, name: string): string[] {
  const parents = [path];
  for (let at = path; at !== ''; ) {
    at = at.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, '');
    parents.push(at);
  }
  return parents.map((parent) => (parent === '' ? `node_modules/${name}` : `${parent}/node_modules/${name}`));
}

/** Paths of the machine on which a file was written. In two halves each, so that this file does not break its own rule. */
const machinePaths = [
  ['/wo', 'rk/'],
  ['/ro', 'ot/'],
  ['../sha', 'red/'],
].map((halves) => halves.join(''));

export function machineViolations(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const found = machinePaths.find((place) => line.includes(place));
      return found === undefined ? [] : [`${path}:${index + 1} names ${found}`];
    }),
  );
}
