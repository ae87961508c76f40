/** Entry of the `sluice` command: parse, run, and turn whatever went wrong into one message and an exit code. */
import { CommanderError } from 'commander';
import { isSluiceError } from '../errors.ts';
import { exitCodeOf, exits } from './exit.ts';
import { type Io, processIo } from './io.ts';
import { buildProgram, ownCommands } from './program.ts';

/** Runs one command line (without the program's name) and returns its exit code. Never throws. */
export async function main(argv: readonly string[], io: Io = processIo('sluice')): Promise<number> {
  try {
    const others = !argv.some((word) => ownCommands.has(word)) || argv.includes('__complete') || argv.includes('help');
    const { program, exitCode } = await buildProgram(io, others);
    if (argv.length === 0) {
      program.outputHelp();
      return exits.done.code;
    }
    await program.parseAsync(argv, { from: 'user' });
    return exitCode();
  } catch (error) {
    return failed(error, io);
  }
}

function failed(error: unknown, io: Io): number {
  if (isCommanderError(error)) return error.exitCode === 0 ? exits.done.code : exits.badInput.code;
  if (io.env.SLUICE_DEBUG) io.err(`${(error as { stack?: string } | undefined)?.stack ?? String(error)}\n`);
  if (isSluiceError(error)) {
    const [first = '', ...more] = error.message.split('\n');
    // Problems in a file are one line each, in the form that editors and CI systems link to the place.
    const placed = /^\S+:\d+:\d+: /.test(first);
    io.err(`${placed ? '' : 'error: '}${[first, ...more].join('\n')}\n`);
    return exitCodeOf(error);
  }
  const { name = '', message = String(error) } = (error ?? {}) as { name?: string; message?: string };
  io.err(`error: ${message}\n`);
  // InstallError and DevError of the other rooms: a sentence for the user, not a fault.
  if (name !== 'Error' && /^[A-Z]\w+Error$/.test(name) && !(name in globalThis)) return exits.refused.code;
  io.err('This may be a fault in Sluice; SLUICE_DEBUG=1 shows where it came from.\n');
  return exits.unexpected.code;
}

function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof CommanderError || String((error as { code?: unknown } | null)?.code).startsWith('commander.');
}
