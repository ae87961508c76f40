import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { movesTraffic, percentOf, podsFor, toleratedFailures } from '../../domain/plan.ts';
import { approval } from './model/plans.ts';

describe('how many pods a step means', () => {
  it.each([
    ['40%', 7, 3],
    ['40%', 5, 2],
    ['1%', 5, 1],
    ['5%', 5, 1],
    ['99%', 5, 5],
    ['100%', 5, 5],
    ['50%', 0, 0],
    ['33%', 3, 1],
    ['34%', 3, 2],
    ['80%', 1, 1],
    [3, 5, 3],
    [9, 5, 5],
    [1, 0, 0],
    [0, 5, 0],
  ])('rounds %p of %p pods up to %p, and never leaves 0 to all', (amount, replicas, pods) => {
    expect(podsFor(amount, replicas)).toBe(pods);
  });

  it('means as many pods for a larger share, or more', () => {
    const percent = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(percent, percent, fc.nat({ max: 5000 }), (one, other, replicas) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        expect(podsFor(`${less}%`, replicas)).toBeLessThanOrEqual(podsFor(`${more}%`, replicas));
      }),
    );
  });

  it('is never less than the share itself, and less than one pod more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.nat({ max: 5000 }), (percent, replicas) => {
        const exact = (percent * replicas) / 100;
        const pods = podsFor(`${percent}%`, replicas);
        expect(pods).toBeGreaterThanOrEqual(exact);
        expect(pods).toBeLessThan(exact + 1);
      }),
    );
  });

  it.each(['40', '4.5%', '-1%', '%', ' 40%', 'forty%'])('refuses %p as a percentage', (text) => {
    expect(() => percentOf(text)).toThrow(`"${text}" is not a percentage such as "40%"`);
  });
});

describe('how many pods may be missing', () => {
  it.each([
    [0, 8, 0],
    [2, 8, 2],
    ['10%', 8, 1],
    ['25%', 8, 2],
    ['10%', 0, 0],
  ])('a threshold of %p of %p updated pods tolerates %p', (threshold, updated, missing) => {
    expect(toleratedFailures(threshold, updated)).toBe(missing);
  });
});

describe('whether a step moves traffic', () => {
  it.each([
    [{}, false],
    [{ traffic: 0 }, false],
    [{ traffic: 1 }, true],
    [{ matches: [] }, false],
    [{ matches: [{ path: { type: 'Exact' as const, value: '/' } }] }, true],
  ])('%p: %p', (sends, moves) => {
    expect(movesTraffic({ replicas: 1, pause: approval, ...sends })).toBe(moves);
  });
});
