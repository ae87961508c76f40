/** What the cluster refuses (a right that is missing, an object it calls invalid) ends no release: it is tried again. */
import { condition, isCancellation } from '@temporalio/workflow';

/** ms between two tries: at first soon, later rarely, so that weeks without a right fill no history. */
const [soonest, latest] = [10_000, 300_000];

/** The innermost message: what the API server said, without the wrapping of who passed it on. */
export function rootMessage(error: unknown): string {
  const cause = (error as { cause?: unknown }).cause;
  return cause instanceof Error && cause.message !== '' ? rootMessage(cause) : (error as Error).message;
}

/**
 * Does `work` until it succeeds. `refused` hears why it does not; `news` ends the wait for the next try early. A
 * cancellation is passed on.
 */
export async function insist<T>(
  work: () => Promise<T>,
  refused: (message: string) => void = () => {},
  news: () => boolean = () => false,
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (isCancellation(error)) throw error;
      refused(rootMessage(error));
      await condition(news, Math.min(latest, soonest * 2 ** tries), { summary: 'refused by the cluster, tried again' });
    }
  }
}
