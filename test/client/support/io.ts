/** A terminal that remembers what was written to it. */
import type { Io } from '../../../client/cli/io.ts';

export type TestIo = Io & {
  readonly written: () => string;
  readonly complaints: () => string;
  readonly interrupt: () => void;
};

/** `env` replaces the process's own; `tty` makes it a terminal of 100 columns. */
export function testIo(
  options: { env?: Io['env']; tty?: boolean; columns?: number; now?: number; called?: string } = {},
): TestIo {
  let out = '';
  let err = '';
  const stop = new AbortController();
  return {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    env: options.env ?? { SLUICE_USER: 'tess' },
    tty: options.tty ?? false,
    size: () => ({ columns: options.columns ?? 100, rows: 40 }),
    now: () => options.now ?? Date.now(),
    called: options.called ?? 'sluice',
    interrupted: () => stop.signal,
    written: () => out,
    complaints: () => err,
    interrupt: () => stop.abort(),
  };
}
