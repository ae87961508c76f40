/** Entry of the `sluice` command: parse, run, and turn whatever went wrong into one message and an exit code. */
import { CommanderError } from 'commander';
import { isSluiceError } from '../errors.ts';
import { exitCodeOf, exits } from './exit.ts';
import { type Io, processIo } from './io.ts';
import { buildProgram, ownCommands } from './program.ts';

/** Runs one command line (without the program's name) and returns its exit code. Never throws. */
export async function main(argv: readonly string[], io: Io = processIo('sluice')): Promise<number> {
  try {
    const others = !ownCommands.has(commandOf(argv) ?? '');
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

/** The command's name: the first word that is neither an option nor an option's value. */
function commandOf(argv: readonly string[]): string | undefined {
  const valued = new Set(['-n', '--namespace', '--cluster', '--task-queue', '--context', '--kubeconfig']);
  return argv.find((word, index) => !word.startsWith('-') && !valued.has(argv[index - 1] ?? ''));
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
  const {
    name = '',
    message = String(error),
    code,
  } = (error ?? {}) as { name?: string; message?: string; code?: unknown };
  io.err(`error: ${message}\n`);
  // InstallError and DevError of the other rooms, and what the system answered (EADDRINUSE, EACCES): not our fault.
  const known = name !== 'Error' && /^[A-Z]\w+Error$/.test(name) && !(name in globalThis);
  if (known || (typeof code === 'string' && /^E[A-Z]+$/.test(code))) return exits.refused.code;
  io.err('This may be a fault in Sluice; SLUICE_DEBUG=1 shows where it came from.\n');
  return exits.unexpected.code;
}

function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof CommanderError || String((error as { code?: unknown } | null)?.code).startsWith('commander.');
}
