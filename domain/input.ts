/**
 * The status of a Rollout is also an input: people and tools approve by writing `currentStepState: StepReady` and jump
 * by writing `nextStepIndex`. Here is how such a wish is told from what a release wrote itself.
 */
import { naturalNext } from './status.ts';

/** What a release last wrote to the status. */
export type Projected = {
  readonly step: number;
  readonly steps: number;
  readonly state: string;
  readonly revision: string;
};

export type Wish = { readonly approve?: number; readonly jump?: number };

/**
 * Wishes in a status, given what was last written there; none while nothing was. They count only for the step and the
 * revision on which they were written. `taken` is the one that was acted on since: it stands there until it is written over.
 */
export function wishIn(status: unknown, projected: Projected | undefined, taken?: Wish): Wish | undefined {
  const wish = written(status, projected);
  const again = wish !== undefined && wish.approve === taken?.approve && wish.jump === taken?.jump;
  return again ? undefined : wish;
}

function written(status: unknown, projected: Projected | undefined): Wish | undefined {
  const live = (status as { canaryStatus?: Record<string, unknown> } | undefined)?.canaryStatus;
  if (live === undefined || live === null || projected === undefined) return undefined;
  if (live.canaryRevision !== projected.revision || live.currentStepIndex !== projected.step) return undefined;
  const next = live.nextStepIndex;
  const natural = naturalNext(projected.step, projected.steps);
  if (typeof next === 'number' && next !== natural && next >= 1 && next <= projected.steps) return { jump: next };
  if (live.currentStepState === 'StepReady' && projected.state !== 'StepReady') return { approve: projected.step };
  return undefined;
}
