import { describe, expect, it } from '@jest/globals';
import { type Projected, wishIn } from '../../domain/input.ts';

const projected: Projected = { step: 2, steps: 4, state: 'StepPaused', revision: 'v2' };
const ours = { canaryRevision: 'v2', currentStepIndex: 2, nextStepIndex: 3, currentStepState: 'StepPaused' };
const status = (change: object) => ({ canaryStatus: { ...ours, ...change } });

describe('a wish written into the status', () => {
  it('is none in what the release wrote itself', () => {
    expect(wishIn(status({}), projected)).toBeUndefined();
    expect(wishIn(status({ nextStepIndex: -1, currentStepIndex: 4 }), { ...projected, step: 4 })).toBeUndefined();
  });

  it('is an approval of the step shown, as kubectl-kruise writes it', () => {
    expect(wishIn(status({ currentStepState: 'StepReady' }), projected)).toEqual({ approve: 2 });
  });

  it.each([1, 2, 4])('is a jump to step %p', (to) => {
    expect(wishIn(status({ nextStepIndex: to }), projected)).toEqual({ jump: to });
  });

  it.each([0, -1, 5, '4', 3])('is no jump to %p', (to) => {
    expect(wishIn(status({ nextStepIndex: to }), projected)).toBeUndefined();
  });

  it('is a jump at the last step too, where the release writes -1 itself', () => {
    const last = { ...projected, step: 4 };
    expect(wishIn(status({ currentStepIndex: 4, nextStepIndex: 2 }), last)).toEqual({ jump: 2 });
  });

  it('is a jump rather than an approval when both are written', () => {
    expect(wishIn(status({ nextStepIndex: 4, currentStepState: 'StepReady' }), projected)).toEqual({ jump: 4 });
  });

  it('counts only for the step and revision on which it was written', () => {
    const approval = { currentStepState: 'StepReady' };
    expect(wishIn(status({ ...approval, currentStepIndex: 1 }), projected)).toBeUndefined();
    expect(wishIn(status({ ...approval, canaryRevision: 'v1' }), projected)).toBeUndefined();
  });

  it('is none before the release has written anything', () => {
    expect(wishIn(status({ currentStepState: 'StepReady' }), undefined)).toBeUndefined();
  });

  it.each([undefined, null, {}, { canaryStatus: null }, { canaryStatus: {} }])('is none in %p', (nothing) => {
    expect(wishIn(nothing, projected)).toBeUndefined();
  });

  it('is taken once, while it stands there until it is written over', () => {
    const approved = status({ currentStepState: 'StepReady' });
    expect(wishIn(approved, projected, { approve: 2 })).toBeUndefined();
    expect(wishIn(status({ nextStepIndex: 4 }), projected, { jump: 4 })).toBeUndefined();
  });

  it('is another one when it asks for something else than the one taken', () => {
    expect(wishIn(status({ nextStepIndex: 1 }), projected, { jump: 4 })).toEqual({ jump: 1 });
    expect(wishIn(status({ nextStepIndex: 1 }), projected, { approve: 2 })).toEqual({ jump: 1 });
  });
});
