/** Waiting for a condition with a deadline, and saying what was seen when it did not come. */

/**
 * Resolves with the first value of `look` that is neither undefined nor false. Looks every 50 ms; after `deadline` ms it
 * throws with `what` and whatever `seen` tells.
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  options: { deadline?: number; seen?: () => unknown } = {},
): Promise<T> {
  const end = Date.now() + (options.deadline ?? 30_000);
  let trouble: unknown;
  for (;;) {
    try {
      const value = await look();
      if (value !== undefined && value !== false) return value;
      trouble = undefined;
    } catch (error) {
      trouble = error;
    }
    if (Date.now() > end) {
      const seen = options.seen === undefined ? '' : `; seen: ${JSON.stringify(await options.seen(), null, 1)}`;
      throw new Error(`not in time: ${what}${trouble === undefined ? '' : ` (${String(trouble)})`}${seen}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
