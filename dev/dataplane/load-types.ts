/** What to send. */
export interface LoadOptions {
  /** Host header: chooses the HTTPRoute or Ingress. */
  readonly host: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Requests per second, held whatever the answers take. */
  readonly rps: number;
  /** Ends after this time; without it, and without `count`, at `stop`. */
  readonly durationMs?: number;
  /** Ends after this many requests. */
  readonly count?: number;
}

/** Counts of finished requests. */
export interface Counts {
  requests: number;
  byVersion: Record<string, number>;
  byPod: Record<string, number>;
  /** By status code, or error code (`ECONNRESET`) when there was no answer. */
  byStatus: Record<string, number>;
  /** Not 2xx, or no answer. */
  failed: number;
  /** The first twenty failures. */
  failures: { at: string; what: string; pod: string }[];
  /** Requests that were due but not sent, since 2000 others were waiting for an answer. */
  skipped: number;
}

/** One answer of the load generator. */
export interface LoadReport {
  readonly event: 'sample' | 'reset' | 'finished' | 'stopped';
  readonly elapsedMs: number;
  readonly inFlight: number;
  /** Since the last report. */
  readonly sinceLast: Counts;
  /** Since the start or the last reset. */
  readonly total: Counts;
  /** Of the requests in `sinceLast`. */
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly max: number };
}

/** Counts of nothing. */
export function emptyCounts(): Counts {
  return { requests: 0, byVersion: {}, byPod: {}, byStatus: {}, failed: 0, failures: [], skipped: 0 };
}
