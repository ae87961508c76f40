import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { candidates, complete, printScript } from '../../client/cli/completion.ts';
import { main } from '../../client/cli/main.ts';
import { buildProgram } from '../../client/cli/program.ts';
import { testIo } from './support/io.ts';

const releases = [
  { namespace: 'default', name: 'echoserver' },
  { namespace: 'default', name: 'echo-two' },
  { namespace: 'shop', name: 'cart' },
];

async function offered(...words: string[]): Promise<string[]> {
  const { program } = await buildProgram(testIo(), true);
  const names = async ({ namespace = 'default' }: { namespace?: string }) =>
    releases.filter((one) => namespace === '*' || one.namespace === namespace);
  return (await candidates(program, words, names)).map(({ value }) => value);
}

describe('completion', () => {
  it('offers commands, of other rooms too, and none that are hidden', async () => {
    expect(await offered('')).toEqual(expect.arrayContaining(['get', 'approve', 'dev', 'worker', 'install']));
    expect(await offered('')).not.toContain('__complete');
    expect(await offered('re')).toEqual(['resume', 'retry']);
    expect(await offered('dev', '')).toEqual(expect.arrayContaining(['up', 'down']));
  });

  it('offers names from the server, of the namespace that was given', async () => {
    expect(await offered('get', 'echo')).toEqual(['echo-two', 'echoserver']);
    expect(await offered('approve', '-n', 'shop', '')).toEqual(['cart']);
    expect(await offered('-n', 'shop', 'approve', '')).toEqual(['cart']);
    expect(await offered('approve', '--namespace=shop', '')).toEqual(['cart']);
  });

  it('offers nothing where nothing of ours can stand', async () => {
    expect(await offered('get', 'echoserver', '')).toEqual([]);
    expect(await offered('jump', 'echoserver', '')).toEqual([]);
    expect(await offered('approve', 'echoserver', '--reason', '')).toEqual([]);
    expect(await offered('nonsense', 'x', '')).toEqual([]);
  });

  it('offers options, and their values', async () => {
    expect(await offered('approve', 'echoserver', '--re')).toEqual(['--reason', '--revision']);
    expect(await offered('get', '-o', '')).toEqual(['json', 'yaml']);
    expect(await offered('get', '--output=y')).toEqual(['--output=yaml']);
    expect(await offered('get', '-n', '')).toEqual(['default', 'shop']);
    expect(await offered('history', 'echoserver', '--release', '')).toEqual(['last']);
    expect(await offered('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  it('keeps silent when the server does not answer', async () => {
    const before = process.env.TEMPORAL_ADDRESS;
    process.env.TEMPORAL_ADDRESS = '127.0.0.1:1';
    const io = testIo();
    await complete(io, ['get', '']);
    expect([io.written(), io.complaints()]).toEqual(['', '']);
    process.env.TEMPORAL_ADDRESS = before;
  });

  it('has a script for three shells, and says so of others', async () => {
    expect(await main(['completion', 'tcsh'], testIo())).toBe(2);
    for (const shell of ['bash', 'zsh', 'fish']) expect(await main(['completion', shell], testIo())).toBe(0);
  });

  it('works in bash, with options written with = too', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-completion-'));
    // A stand-in for the command: it offers what it was asked.
    const command = join(folder, 'sluice');
    writeFileSync(command, '#!/bin/sh\nshift 2\nprintf "%s|" "$@" >&3\nprintf "one\\tfirst\\n--output=yaml\\t\\n"\n');
    chmodSync(command, 0o755);
    const io = testIo();
    printScript(io, 'bash');
    const ask = (line: string) => {
      const script = `${io.written()}
exec 3>&2
COMP_LINE=${JSON.stringify(line)}; COMP_POINT=\${#COMP_LINE}
# As bash itself does it: = is a word of its own.
read -ra COMP_WORDS <<< "\${COMP_LINE//=/ = }"
[[ "$COMP_LINE" == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_sluice 2>/dev/null 3>"$ASKED"
printf "%s\\n" "\${COMPREPLY[@]}"`;
      const asked = join(folder, 'asked');
      const out = execFileSync('bash', ['-c', script], {
        env: { ...process.env, PATH: `${folder}:${process.env.PATH}`, ASKED: asked },
        encoding: 'utf8',
      });
      return [out.trim().split('\n'), execFileSync('cat', [asked], { encoding: 'utf8' })];
    };
    expect(ask('sluice get ')).toEqual([['one', '--output=yaml'], 'get||']);
    expect(ask('sluice get ec')).toEqual([['one', '--output=yaml'], 'get|ec|']);
    expect(ask('sluice get --output=y')).toEqual([['one', 'yaml'], 'get|--output=y|']);
    expect(ask('sluice get --output=')).toEqual([['one', 'yaml'], 'get|--output=|']);
  });
});
