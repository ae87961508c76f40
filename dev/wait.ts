import { DevError, errorMessage } from './errors.ts';

/** Resolves after the given milliseconds. Only for pacing between looks, never in place of one. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Looks again and again until `look` answers `undefined` (there it is). `look` otherwise answers what it saw, which goes into
 * the error when `deadlineMs` has passed. What `look` throws counts as seen.
 */
export async function waitUntil(
  what: string,
  look: () => Promise<string | undefined>,
  { deadlineMs, everyMs = 50 }: { readonly deadlineMs: number; readonly everyMs?: number },
): Promise<void> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const seen = await look().catch((error: unknown) => errorMessage(error));
    if (seen === undefined) return;
    if (performance.now() > end) {
      throw new DevError(`Waited ${Math.round(deadlineMs / 1000)} s for ${what}; last seen: ${seen}.`);
    }
    await delay(everyMs);
  }
}
