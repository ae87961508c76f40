/** What the exit code says. One table for scripts and for docs/cli.md. */
import { isSluiceError, type SluiceErrorCode } from '../errors.ts';

export const exits = {
  done: { code: 0, means: 'Done. `status`: the release has completed.' },
  refused: {
    code: 1,
    means:
      'The release refused the command. `status`: it was rolled back, aborted, has failed, or is failing. `worker`, `install`, `dev`: it did not work, and why was said.',
  },
  badInput: {
    code: 2,
    means: 'Bad input: unknown option, malformed file or name, unusable configuration. Nothing was sent.',
  },
  timeout: { code: 3, means: 'It did not happen in time. `status --watch=false`: the release has not ended yet.' },
  notFound: { code: 4, means: 'No such release, or none under way for a command that needs one.' },
  unreachable: {
    code: 5,
    means:
      'Temporal or the worker does not answer, or does not let you in. What a command did is then unknown: look before you repeat it.',
  },
  unexpected: { code: 6, means: 'Anything else: a fault in Sluice or an answer it does not know.' },
  interrupted: { code: 130, means: 'Interrupted by Ctrl-C.' },
} as const;

export type Exit = keyof typeof exits;

const special: Partial<Record<SluiceErrorCode, Exit>> = {
  BadInput: 'badInput',
  BadCommand: 'badInput',
  InvalidRollout: 'badInput',
  Unsupported: 'badInput',
  Conflict: 'badInput',
  Timeout: 'timeout',
  NoSuchRelease: 'notFound',
  NotRunning: 'notFound',
  NoWorker: 'unreachable',
  Stuck: 'unreachable',
  Unreachable: 'unreachable',
  NoSuchNamespace: 'unreachable',
  Denied: 'unreachable',
  ServerError: 'unexpected',
};

/** The exit code for an error: refusals of the release, known or not, are 1. */
export function exitCodeOf(error: unknown): number {
  return exits[isSluiceError(error) ? (special[error.code] ?? 'refused') : 'unexpected'].code;
}
