/** What must hold of every record, whatever the story. Each answers with what is wrong, so that a test can show it. */
import { expect } from '@jest/globals';
import type { Recorder, Told } from './record.ts';

/** Four standard deviations: a right split is called wrong once in some ten thousand times. */
const deviations = 4;

export type Wrong = Record<string, unknown>;

/** Failed requests, and requests that came to a pod that was not ready. */
export function losses({ total, refused, weights }: Told): Wrong[] {
  const route = weights.map(({ at, percent }) => `${new Date(at).toISOString()} canary ${percent ?? 'gone'}`);
  const failed = total.failed > 0 ? [{ failed: total.failed, of: total.requests, first: total.failures, route }] : [];
  const unsent = total.skipped > 0 ? [{ skipped: total.skipped }] : [];
  return [...failed, ...unsent, ...refused];
}

/** Requests whose split is looked at in a pause. */
const sample = 800;

/** What {@link split} answers when the share is right. */
export const asAsked = expect.objectContaining({ asAsked: true });

/** Over a fixed number of requests: is the version's share what `percent` asks for, within what chance allows? */
export async function split(load: Recorder, version: string, percent: number): Promise<Wrong> {
  const { requests, byVersion } = await load.measure(sample);
  const hits = byVersion[version] ?? 0;
  const share = percent / 100;
  const off = Math.abs(hits - share * requests);
  return { asAsked: off <= deviations * Math.sqrt(requests * share * (1 - share)), percent, hits, requests, byVersion };
}

/**
 * Windows in which a version answered more than `ready` of `replicas` pods carry, beyond chance. Pods ready in the window
 * before count as well: a pod that is asked to go serves on until the proxy has heard of it.
 */
export function overloads({ moments }: Told, versions: readonly string[], replicas: number): Wrong[] {
  return moments.flatMap(({ from, to, requests, byVersion, ready }, index) =>
    versions.flatMap((version) => {
      const pods = Math.max(ready[version] ?? 0, moments[index - 1]?.ready[version] ?? 0);
      const share = Math.min(1, pods / replicas);
      const hits = byVersion[version] ?? 0;
      const most = share * requests + deviations * Math.sqrt(requests * share * (1 - share));
      return hits > most ? [{ at: new Date(from).toISOString(), ms: to - from, version, pods, hits, requests }] : [];
    }),
  );
}

/** Weights that were written before so many pods of the version were ready; the watches may be a moment apart. */
export function hasty({ weights, readyAt }: Told, version: string, podsFor: (percent: number) => number): Wrong[] {
  return weights
    .flatMap(({ at, percent }) => (percent === null || percent === 0 ? [] : [{ at, percent }]))
    .map(({ at, percent }) => ({ percent, ready: readyAt(version, at + 150), wanted: podsFor(percent) }))
    .filter(({ ready, wanted }) => ready < wanted);
}

/** Requests that a version answered in windows that ended before the route gave it any share. */
export function early({ moments, weights }: Told, version: string): number {
  const first = weights.find(({ percent }) => percent !== null && percent > 0)?.at ?? Number.POSITIVE_INFINITY;
  return moments.filter(({ to }) => to <= first).reduce((sum, { byVersion }) => sum + (byVersion[version] ?? 0), 0);
}

/** ms that a proxy may go on after the route has changed. */
const lag = 500;

/** Requests that a version answered after the route had taken all of them back. */
export function late({ moments, weights }: Told, version: string): number {
  const back = weights.findLast(({ percent }, index) => percent === 0 && (weights[index - 1]?.percent ?? 0) > 0);
  const after = (back?.at ?? Number.NEGATIVE_INFINITY) + lag;
  return moments.filter(({ from }) => from >= after).reduce((sum, { byVersion }) => sum + (byVersion[version] ?? 0), 0);
}
