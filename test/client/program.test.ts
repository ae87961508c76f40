import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { imagesOf } from '../../client/cli/actions/start.ts';
import { cliDocument } from '../../client/cli/docs.ts';
import { main } from '../../client/cli/main.ts';
import { buildProgram, ownCommands } from '../../client/cli/program.ts';
import { namespaceOf, placeOf } from '../../client/cli/settings.ts';
import { testIo } from './support/io.ts';

const root = new URL('../../', import.meta.url);

describe('the command line', () => {
  it('is documented as it is (node client/cli/docs.ts --write)', async () => {
    expect(readFileSync(new URL('docs/cli.md', root), 'utf8')).toBe(await cliDocument());
  });

  it('knows which commands are its own', async () => {
    const { program } = await buildProgram(testIo(), false);
    expect(program.commands.map((command) => command.name()).sort()).toEqual([...ownCommands].sort());
  });

  it('helps in the words it was called with, and says what is wrong with the rest', async () => {
    const help = testIo({ called: 'kubectl sluice' });
    expect(await main(['--help'], help)).toBe(0);
    expect(help.written()).toMatch(/^Usage: kubectl sluice \[options\]/);
    expect(help.written()).toContain('Exit codes:');
    const wrong = testIo();
    expect(await main(['aprove', 'x'], wrong)).toBe(2);
    expect(wrong.complaints()).toContain('Did you mean approve?');
    expect(await main(['approve'], testIo())).toBe(2);
    expect(await main(['get', 'x', '--nonsense'], testIo())).toBe(2);
    expect(await main(['status', 'x', '--watch=maybe'], testIo())).toBe(2);
    expect(await main(['start'], testIo())).toBe(2);
  });

  it('takes common options before and after the command', async () => {
    const options = (namespace?: string) => ({ color: true, ...(namespace && { namespace }) });
    expect(await placeOf('x', options('shop'), {})).toEqual({ namespace: 'shop', name: 'x' });
    expect(await placeOf('rollout/x', options('shop'), {})).toEqual({ namespace: 'shop', name: 'x' });
    expect(await placeOf('blue/x', options('shop'), {})).toEqual({ namespace: 'blue', name: 'x' });
    expect(await namespaceOf({ color: true, kubeconfig: '/nowhere' }, {})).toBe('default');
  });

  it('takes the namespace of the kube context', async () => {
    const file = fileURLToPath(new URL('test/client/support/kubeconfig.yaml', root));
    expect(await namespaceOf({ color: true }, { KUBECONFIG: `/nowhere:${file}` })).toBe('shop');
    expect(await namespaceOf({ color: true, kubeconfig: file, context: 'plain' }, {})).toBe('default');
  });

  it('reads images for containers', () => {
    expect(imagesOf(['main=a/b:1.2@sha256:ff', 'side=c'])).toEqual({ main: 'a/b:1.2@sha256:ff', side: 'c' });
    for (const bad of ['main', '=a', 'main=', 'Main=a', 'main=a b'])
      expect(() => imagesOf([bad])).toThrow(/--set-image wants/);
    expect(() => imagesOf(['a=1', 'a=2'])).toThrow(/twice/);
  });

  it('starts fast: what a command needs is loaded when it runs', () => {
    const heavy = /from '(@temporalio|yaml|\.\.\/(\.\.\/)*(worker|dev|activities|deploy)\/)/;
    for (const name of readdirSync(new URL('client/cli/', root)).filter((file) => file.endsWith('.ts'))) {
      if (name === 'session.ts') continue;
      const text = readFileSync(new URL(`client/cli/${name}`, root), 'utf8');
      expect([name, text.match(heavy)?.[0]]).toEqual([name, undefined]);
    }
  });
});

describe('the launcher', () => {
  const launcher = fileURLToPath(new URL('bin/sluice.js', root));
  const run = promisify(execFile);

  it('hands over arguments and exit codes', async () => {
    expect((await run(process.execPath, [launcher, 'version'])).stdout).toMatch(/^sluice \d+\.\d+\.\d+ \(Node \d/);
    await expect(run(process.execPath, [launcher, 'nonsense'])).rejects.toMatchObject({ code: 2 });
  });

  it('finds the package’s own Node when the one it runs on is too old', async () => {
    const old = ['/usr/bin/node', '/usr/local/bin/node'].find(existsSync);
    if (old === undefined) return;
    const { stdout } = await run(old, [launcher, 'version']);
    expect(Number(/Node (\d+)/.exec(stdout)?.[1])).toBeGreaterThanOrEqual(22);
  });
});
