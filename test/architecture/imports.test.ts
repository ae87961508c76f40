/** The rules of the house, on the house; and on samples that break them, so that each rule is known to see. */
import { describe, expect, it } from '@jest/globals';
import * as rules from './rules.ts';
import { filesIn, importsOf, type SourceFile, undocumented } from './source.ts';

const all = filesIn();
const code = all.filter(({ path }) => /\.(m?[jt]s)$/.test(path));
const product = code.filter(({ path }) => rules.rooms[rules.roomOf(path)] !== undefined);
const json = (path: string) => JSON.parse(all.find((file) => file.path === path)?.text ?? 'null');
const file = (path: string, text: string): SourceFile => ({ path, text });

describe('the rooms', () => {
  it('are all there, and were read', () => {
    for (const room of Object.keys(rules.rooms)) {
      const files = product.filter(({ path }) => rules.roomOf(path) === room);
      expect({ room, files: files.length > 3 }).toEqual({ room, files: true });
    }
    expect(product.flatMap(({ text }) => importsOf(text)).length).toBeGreaterThan(product.length);
  });

  it('import only rooms and packages they may know', () => {
    expect(rules.roomViolations(product)).toEqual([]);
    for (const [path, text] of [
      ['domain/plan.ts', "import { sleep } from '@temporalio/workflow';"],
      ['domain/plan.ts', "import { createHash } from 'node:crypto';"],
      ['domain/plan.ts', "import { keys } from '../spec/keys.ts';"],
      ['spec/rollout.ts', "import {\n  a,\n  b,\n} from '../activities/keys.ts';"],
      ['spec/rollout.ts', "import { Client } from '@temporalio/client';"],
      ['workflows/release.ts', "import { look } from '../activities/look.ts';"],
      ['workflows/release.ts', "import { type look } from '../activities/look.ts';"],
      ['workflows/release.ts', "import { readFileSync } from 'node:fs';"],
      ['activities/look.ts', "export * from '../worker/watcher.ts';"],
      ['client/cli/main.ts', "import '../../worker/cli.ts';"],
      ['dev/stack.ts', "import { Kube } from '../activities/kube/kube.ts';"],
    ] as const)
      expect(rules.roomViolations([file(path, text)])).toHaveLength(1);
    const fine = [
      file('workflows/activities.ts', "import type { Activities } from '../activities/index.ts';"),
      file('client/cli/program.ts', "const { run } = await import('../../worker/cli.ts');"),
      file(
        'domain/plan.ts',
        "/**\n import { x } from 'yaml';\n */\n// import { y } from 'yaml';\nimport { z } from './z.ts';",
      ),
    ];
    expect(rules.roomViolations(fine)).toEqual([]);
  });

  it('leave the Kubernetes client to activities/kube and deploy', () => {
    expect(rules.kubernetesClientViolations(product)).toEqual([]);
    const text = "import { KubeConfig } from '@kubernetes/client-node';";
    for (const path of ['activities/look.ts', 'client/connect.ts', 'dev/stack.ts', 'worker/main.ts'])
      expect(rules.kubernetesClientViolations([file(path, text)])).toHaveLength(1);
    expect(rules.kubernetesClientViolations([file('activities/kube/connection.ts', text)])).toEqual([]);
  });

  it('let the library and the command start without a worker, a cluster or a stack', () => {
    for (const entry of ['client/index.ts', 'client/cli/main.ts', 'client/cli/program.ts'])
      expect(rules.startViolations(entry, product)).toEqual([]);
    const bad = [
      file('client/index.ts', "import { a } from './a.ts';"),
      file('client/a.ts', "import { b } from '../spec/b.ts';"),
      file('spec/b.ts', "import { KubeConfig } from '@kubernetes/client-node';"),
    ];
    expect(rules.startViolations('client/index.ts', bad)).toEqual([
      'client/index.ts → client/a.ts → spec/b.ts → @kubernetes/client-node',
    ]);
  });

  it('load nothing into a workflow but workflows and domain', () => {
    const loaded = rules.workflowViolations('workflows/index.ts', product);
    expect(loaded).toEqual([]);
    const bad = [
      file('workflows/index.ts', "import { a } from '../domain/a.ts';"),
      file('domain/a.ts', "import x from 'yaml';"),
    ];
    expect(rules.workflowViolations('workflows/index.ts', bad)).toHaveLength(1);
  });
});

describe('a file', () => {
  it('has no default export', () => {
    expect(rules.defaultExports(product)).toEqual([]);
    expect(
      rules.defaultExports([file('a.ts', 'export default {};'), file('b.ts', 'export { a as default };')]),
    ).toHaveLength(2);
  });

  it('has at most 300 lines', () => {
    expect(rules.longFiles(product)).toEqual([]);
    expect(rules.longFiles([file('a.ts', 'x\n'.repeat(301)), file('b.ts', 'x\n'.repeat(300))])).toEqual([
      'a.ts has 301 lines',
    ]);
  });

  it('names no place of the machine it was written on', () => {
    expect(rules.machineViolations(all)).toEqual([]);
    const line = ['see /wo', 'rk/main and ../sha', 'red/design.md'].join('');
    expect(rules.machineViolations([file('a.md', `fine\n${line}\n`)])).toHaveLength(1);
  });

  it('of domain/ says what each of its exports promises (told, not yet demanded)', () => {
    const silent = product
      .filter(({ path }) => path.startsWith('domain/'))
      .flatMap(({ path, text }) => undocumented(text).map((name) => `${path}: ${name}`));
    if (silent.length > 0)
      process.stderr.write(`Exports of domain/ without a doc comment:\n  ${silent.join('\n  ')}\n`);
    expect(undocumented('/** A. */\nexport type A = 1;\nexport function b() {}\n\nexport const c = 1;')).toEqual([
      'b',
      'c',
    ]);
  });
});

describe('package.json', () => {
  it('lists what is imported, and nothing else', () => {
    expect(rules.dependencyViolations(code, json('package.json'))).toEqual([]);
    const listed = { dependencies: { yaml: '1', ...rules.awaited }, devDependencies: { jest: '1', 'fast-check': '1' } };
    const files = [
      file('spec/a.ts', "import { parse } from 'yaml';\nimport fc from 'fast-check';"),
      file('test/b.ts', "import x from 'left-pad/deep';"),
    ];
    expect(rules.dependencyViolations(files, listed)).toEqual([
      'test/b.ts imports left-pad, which package.json does not list',
      'spec/a.ts imports fast-check, which is a devDependency',
    ]);
    expect(rules.dependencyViolations([], listed)).toEqual(['nobody imports yaml', 'nobody imports fast-check']);
    const [name = ''] = Object.keys(rules.awaited);
    expect(rules.dependencyViolations([file('worker/a.ts', `import x from '${name}';`)], listed)).toContain(
      `${name} is no longer awaited`,
    );
  });

  it('is locked for every platform, without a word of where the packages were found', () => {
    expect(rules.lockViolations(json('package-lock.json'))).toEqual([]);
    const packages = {
      'node_modules/a': { optionalDependencies: { 'a-linux': '1', 'a-darwin': '1' } },
      'node_modules/a/node_modules/a-linux': { funding: { url: 'https://fund.example' } },
      'node_modules/b': { resolved: 'https://registry.example/b.tgz' },
    };
    expect(rules.lockViolations({ packages })).toEqual([
      'a-darwin, an optional dependency of node_modules/a, is not locked: npm ci refuses the lock',
      'node_modules/b says where it was downloaded from',
    ]);
  });
});
