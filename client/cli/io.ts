/** The terminal and the process around a command, as a value: tests give their own. */
import { hostname, userInfo } from 'node:os';

export type Env = Readonly<Record<string, string | undefined>>;

export type Io = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: Env;
  /** Is `out` a terminal? Only then colours and control codes are written. */
  readonly tty: boolean;
  /** Size of the terminal now; 120 columns when there is none. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** ms since the epoch. */
  readonly now: () => number;
  /** How the program was called, for usage text: `sluice` or `kubectl sluice`. */
  readonly called: string;
  /** Aborted on Ctrl-C and SIGTERM, for commands that run until told. */
  readonly interrupted: () => AbortSignal;
};

/** The real one. */
export function processIo(called: string): Io {
  // `sluice list | head` closes the pipe early: that is no fault, and nobody is left to tell.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: process.env,
    tty: process.stdout.isTTY === true && process.env.TERM !== 'dumb',
    size: () => ({ columns: process.stdout.columns || 120, rows: process.stdout.rows || 50 }),
    now: () => Date.now(),
    called,
    interrupted,
  };
}

function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // A second signal ends the process the hard way, should the first one not be enough.
    process.once(signal, () => controller.abort(signal));
  }
  return controller.signal;
}

/** `user@host` as the operating system knows it. */
export function systemUser(env: Env): string {
  let user = env.USER ?? env.LOGNAME;
  try {
    user ??= userInfo().username;
  } catch {
    // A user without an entry in /etc/passwd, as in many containers.
  }
  return `${user ?? 'unknown'}@${hostname()}`;
}
