import { describe, expect, it } from '@jest/globals';
import { Slots } from '../../activities/kube/slots.ts';

describe('slots', () => {
  it('let so many in at once, the others in the order in which they came, and go on after a failure', async () => {
    const slots = new Slots(2);
    const begun: number[] = [];
    const ends: ((error?: Error) => void)[] = [];
    const work = (index: number) =>
      slots.run(() => {
        begun.push(index);
        return new Promise<void>((resolve, reject) => {
          ends[index] = (error) => (error === undefined ? resolve() : reject(error));
        });
      });
    const all = [0, 1, 2, 3].map(work);
    const settled = Promise.allSettled(all);
    expect(begun).toEqual([0, 1]);
    ends[1]?.(new Error('refused'));
    await expect(all[1]).rejects.toThrow('refused');
    await Promise.resolve();
    expect(begun).toEqual([0, 1, 2]);
    ends[0]?.();
    await all[0];
    await Promise.resolve();
    expect(begun).toEqual([0, 1, 2, 3]);
    ends[2]?.();
    ends[3]?.();
    expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    await expect(slots.run(async () => 'free again')).resolves.toBe('free again');
  });
});
