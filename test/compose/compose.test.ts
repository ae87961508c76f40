/** docker-compose.yml and what it mounts, read as docker-compose reads them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

type Service = {
  readonly image?: string;
  readonly build?: string | { readonly context: string };
  readonly user?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly (string | { readonly host_ip?: string; readonly target: number })[];
  readonly volumes?: readonly (
    | string
    | { readonly source: string; readonly target: string; readonly read_only?: boolean }
  )[];
};
type Compose = {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
type Scrape = {
  readonly job_name: string;
  readonly static_configs: readonly { readonly targets: readonly string[] }[];
};

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = (path: string) => readFileSync(join(root, path), 'utf8');

/** The file needs a kubeconfig to mount; for looking at the configuration any file does. */
function compose(...args: string[]) {
  const env = { ...process.env, KUBECONFIG: join(root, 'package.json') };
  return spawnSync('docker-compose', ['--file', 'docker-compose.yml', ...args], { cwd: root, env, encoding: 'utf8' });
}

const there = spawnSync('docker-compose', ['version'], { encoding: 'utf8' }).status === 0;
if (!there)
  process.stderr.write('docker-compose is missing (apt-get install -y docker-compose): its tests are skipped.\n');

(there ? describe : describe.skip)('docker-compose.yml', () => {
  const configured = there ? compose('config') : undefined;
  const { services, volumes } = (
    configured?.status === 0 ? parse(configured.stdout) : { services: {}, volumes: {} }
  ) as Compose;
  const service = (name: string): Service => {
    const found = services[name];
    if (found === undefined) throw new Error(`there is no service ${name}: ${configured?.stderr}`);
    return found;
  };

  it('is accepted by docker-compose config', () => {
    const { status, stderr } = compose('config', '-q');
    // Warnings are for people; an error is what must not be.
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('has Temporal on PostgreSQL, its UI, the worker and Prometheus, each at a pinned version', () => {
    expect(Object.keys(services).sort()).toEqual(['postgresql', 'prometheus', 'temporal', 'temporal-ui', 'worker']);
    for (const { image = '' } of Object.values(services)) expect(image).toMatch(/^[\w./-]+:v?\d+\.\d+(\.\d+)?$/);
    expect(service('temporal').image).toMatch(/:1\.29\.1$/);
    expect(service('temporal').environment).toMatchObject({ DB: 'postgres12', POSTGRES_SEEDS: 'postgresql' });
    expect(service('postgresql').image).toMatch(/^postgres:15\./);
  });

  it('starts each service when what it needs is healthy', () => {
    expect(service('temporal').depends_on?.postgresql?.condition).toBe('service_healthy');
    for (const name of ['temporal-ui', 'worker'])
      expect(service(name).depends_on?.temporal?.condition).toBe('service_healthy');
    for (const name of ['postgresql', 'temporal']) expect(service(name).healthcheck?.test.length).toBeGreaterThan(1);
  });

  it('keeps what must outlive a container in volumes', () => {
    expect(service('postgresql').volumes).toEqual([
      expect.stringMatching(/^postgresql-data:\/var\/lib\/postgresql\/data/),
    ]);
    expect(Object.keys(volumes).sort()).toEqual(['postgresql-data', 'prometheus-data']);
  });

  it('is reached from this machine only', () => {
    const ports = Object.values(services).flatMap(({ ports = [] }) => ports);
    expect(ports.length).toBeGreaterThan(2);
    for (const port of ports) expect(typeof port === 'string' ? port.split(':')[0] : port.host_ip).toBe('127.0.0.1');
  });

  it('builds the worker here, tells it where Temporal and the cluster are, and runs it as nobody special', () => {
    const { build, environment, volumes: mounts = [], user } = service('worker');
    expect(typeof build === 'object' ? build.context : build).toBe(root.replace(/\/$/, ''));
    expect(environment?.TEMPORAL_ADDRESS).toBe('temporal:7233');
    const kubeconfig = mounts.find((mount) => typeof mount === 'object' && mount.target === environment?.KUBECONFIG);
    expect(kubeconfig).toMatchObject({ source: join(root, 'package.json'), read_only: true });
    expect(user).toMatch(/^[1-9]\d*$/);
  });

  it('mounts only files that are there', () => {
    const mounted = Object.values(services)
      .flatMap(({ volumes = [] }) => volumes)
      .map((volume) => (typeof volume === 'string' ? (volume.split(':')[0] ?? '') : volume.source))
      .filter((source) => source.startsWith('/'));
    expect(mounted.map((path) => relative(root, path)).sort()).toEqual([
      'deploy/compose/alerts.yml',
      'deploy/compose/prometheus.yml',
      'deploy/compose/temporal.yaml',
      'package.json',
    ]);
    for (const path of mounted) expect(existsSync(path)).toBe(true);
  });

  it('lets Prometheus scrape the ports on which worker and Temporal answer', () => {
    const { scrape_configs: scrapes } = parse(text('deploy/compose/prometheus.yml')) as { scrape_configs: Scrape[] };
    const targets = scrapes.flatMap(({ static_configs }) => static_configs.flatMap(({ targets }) => targets));
    expect(targets.sort()).toEqual(['temporal:8000', 'worker:9090']);
    expect(service('temporal').environment?.PROMETHEUS_ENDPOINT).toMatch(/:8000$/);
    expect(text('Dockerfile')).toContain('"--health-address", "0.0.0.0:9090"');
  });
});

describe('the alerts', () => {
  it('ask for metrics that the worker has', () => {
    const { groups } = parse(text('deploy/compose/alerts.yml')) as { groups: { rules: { expr: string }[] }[] };
    const asked = groups.flatMap(({ rules }) => rules.flatMap(({ expr }) => expr.match(/sluice_\w+/g) ?? []));
    const had = text('worker/metrics.ts');
    expect(asked.length).toBeGreaterThan(0);
    for (const name of asked) expect(had).toContain(`'${name}'`);
  });
});

describe('the Dockerfile', () => {
  const dockerfile = text('Dockerfile');

  it('runs on the Node that package.json pins, as a user without rights, and looks after its own health', () => {
    const { devDependencies } = JSON.parse(text('package.json')) as { devDependencies: { node: string } };
    expect(dockerfile).toContain(`node:${devDependencies.node}-`);
    const last = dockerfile.slice(dockerfile.lastIndexOf('FROM '));
    expect(last).toMatch(/^USER (?!root)\w+$/m);
    expect(last).toMatch(/HEALTHCHECK[\s\S]*"worker", "--probe"/);
    expect(dockerfile).toMatch(/npm ci --omit=dev/);
  });

  it('copies every folder that the sluice command is made of, and the context lets them through', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) =>
      sources.split(' '),
    );
    const allowed = text('.dockerignore').split('\n');
    for (const folder of ['bin', 'domain', 'spec', 'workflows', 'activities', 'worker', 'client', 'deploy', 'dev'])
      expect(copied).toContain(folder);
    for (const source of copied) {
      expect(existsSync(join(root, source))).toBe(true);
      expect(allowed).toContain(`!${source}`);
    }
  });
});
