/** Requests to the API server as its audit log has them. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';

export type Request = {
  readonly user: string;
  readonly verb: string;
  readonly kind: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly code: number;
  /** ms since the epoch. */
  readonly from: number;
  readonly to: number;
};

type Line = {
  readonly stage: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
};

/** Names of the stack's users as the API server knows them. */
export const workerUser = 'sluice-worker';

/** Reads what was appended to the log since the last reading. Long-lived requests (watches) show when they end. */
export class AuditLog {
  readonly #file: string;
  #offset: number;

  constructor(file: string) {
    this.#file = file;
    this.#offset = statSync(file).size;
  }

  /** All finished requests since the last call, in the order in which they ended. */
  read(): Request[] {
    const { size } = statSync(this.#file);
    const buffer = Buffer.alloc(size - this.#offset);
    const file = openSync(this.#file, 'r');
    try {
      readSync(file, buffer, 0, buffer.length, this.#offset);
    } finally {
      closeSync(file);
    }
    // A line still being written is left for the next reading.
    const end = buffer.lastIndexOf(10) + 1;
    this.#offset += end;
    return buffer
      .subarray(0, end)
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line)
      .filter(({ stage, verb }) => stage === 'ResponseComplete' && verb !== 'watch')
      .map(requestOf);
  }
}

function requestOf({
  verb,
  user,
  objectRef = {},
  responseStatus,
  requestReceivedTimestamp,
  stageTimestamp,
}: Line): Request {
  return {
    user: user.username,
    verb,
    kind: objectRef.resource ?? '',
    subresource: objectRef.subresource ?? '',
    namespace: objectRef.namespace ?? '',
    name: objectRef.name ?? '',
    code: responseStatus?.code ?? 0,
    from: micros(requestReceivedTimestamp),
    to: micros(stageTimestamp),
  };
}

/** `2026-11-21T05:09:25.123456Z` in ms, with its microseconds. */
function micros(text: string): number {
  const fraction = /\.(\d+)Z$/.exec(text)?.[1] ?? '';
  return Date.parse(text.replace(/\.\d+Z$/, 'Z')) + Number(`0.${fraction}0`) * 1000;
}

/** `patch rollouts/status`, `create services`. */
export function labelOf({ verb, kind, subresource }: Request): string {
  return `${verb} ${kind}${subresource === '' ? '' : `/${subresource}`}`;
}
