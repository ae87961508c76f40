/** Figures from samples. */

export type Quantiles = {
  readonly n: number;
  /** On a machine that others use too, the nearest to what it would be alone. */
  readonly min: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
};

/** Nearest-rank percentiles, so that each is a value that was seen; zeros when there are no samples. */
export function quantiles(samples: readonly number[]): Quantiles {
  const sorted = [...samples].sort((one, other) => one - other);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { n: sorted.length, min: sorted[0] ?? 0, p50: at(0.5), p95: at(0.95), max: sorted.at(-1) ?? 0 };
}

/** Mean, 0 of nothing. */
export function mean(samples: readonly number[]): number {
  return samples.length === 0 ? 0 : samples.reduce((sum, one) => sum + one, 0) / samples.length;
}

/** Counts by key. */
export function countBy<T>(items: Iterable<T>, key: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[key(item)] = (counts[key(item)] ?? 0) + 1;
  return counts;
}

/** Each count divided by `by`. */
export function divided(counts: Readonly<Record<string, number>>, by: number): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([key, count]) => [key, count / Math.max(1, by)]));
}

/** Milliseconds since the epoch, with fractions: comparable with the servers' own timestamps on this machine. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
