/** What a release does when an object is not as it must be: say so, and go on as soon as somebody has mended it. */
import type { Problem } from '../../domain/problems.ts';
import { isStatus } from '../kube/errors.ts';
import type { KindName } from '../kube/kinds.ts';
import type { RouteContext } from './provider.ts';

export type Watched = { readonly kind: KindName; readonly name: string };

export type Waiter = Pick<RouteContext, 'kube' | 'namespace' | 'signal' | 'report'>;

/**
 * Runs `attempt` until it names no problem: again at once after a 409, and after each change of a watched object while
 * there is a problem, which is reported. Rejects when the signal aborts, and with any error but a conflict.
 */
export async function untilMended(
  { kube, namespace, signal, report }: Waiter,
  watched: readonly Watched[],
  attempt: (fresh: boolean) => Promise<Problem | undefined>,
): Promise<void> {
  const versions = () =>
    watched.map(({ kind, name }) => version(kube.copy(kind, namespace).get(namespace, name))).join();
  for (let conflicts = 0; ; ) {
    signal.throwIfAborted();
    const before = versions();
    let problem: Problem | undefined;
    try {
      problem = await attempt(conflicts > 0);
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
      conflicts += 1;
      await pause(Math.min(1_000, 5 * 2 ** conflicts) * Math.random());
      continue;
    }
    if (problem === undefined) return;
    conflicts = 0;
    report(problem.message);
    // Whichever copy brings news ends the wait; the others' listeners must not stay behind.
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    try {
      await Promise.race(
        watched.map(({ kind }) => kube.copy(kind, namespace).until(() => versions() !== before, either)),
      );
    } finally {
      stop.abort(new Error('the wait is over'));
    }
  }
}

/** Runs `work` again for as long as the server answers that someone else wrote in between (409). */
export async function despiteConflicts<T>(work: (fresh: boolean) => Promise<T>): Promise<T> {
  for (let conflicts = 0; ; conflicts += 1) {
    try {
      return await work(conflicts > 0);
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
      await pause(Math.min(1_000, 10 * 2 ** conflicts) * Math.random());
    }
  }
}

function version(object: { metadata: { uid: string; resourceVersion: string } } | undefined): string {
  return object === undefined ? '' : `${object.metadata.uid}/${object.metadata.resourceVersion}`;
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
