/** A release in bad times: refusals that no retry mends, workers that come and go, and more news than anybody needs. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Activities } from '../../activities/index.ts';
import type { Step } from '../../domain/plan.ts';
import { approval, planOf, timed } from '../domain/model/plans.ts';
import { forbidden } from './simulated.ts';
import { Stage } from './stage.ts';

const step = (replicas: number, traffic: number, pause: Step['pause'] = approval): Step => ({
  replicas,
  traffic,
  pause,
});
const two = planOf([step(1, 5), step(2, 40, timed(0))]);

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
}, 120_000);

afterAll(() => stage.close());

describe('what the cluster refuses', () => {
  it.each<keyof Activities>(['upgradePods', 'shiftTraffic', 'look'])(
    'is shown, and the release goes on once it is mended: %s',
    async (name) => {
      const act = await stage.act(two);
      act.sim.failing.set(name, forbidden);
      await act.publish('v2');
      const { handle } = act;
      await act.until('words about it', ({ message, awaited }) =>
        `${message} ${awaited.what}`.includes('is forbidden'),
      );
      expect((await handle.describe()).status.name).toBe('RUNNING');
      act.sim.failing.delete(name);
      await act.nudge();
      const view = await act.paused(1);
      expect(`${view.message} ${view.awaited.what}`).not.toContain('forbidden');
    },
  );

  it('at the very end is not the end: the hold is taken off once it may be', async () => {
    const act = await stage.act(two);
    await act.publish('v2');
    await act.paused(1);
    act.sim.failing.set('finalise', forbidden);
    await act.tell('approve');
    await act.until('words about it', ({ message, awaited }) => `${message} ${awaited.what}`.includes('is forbidden'));
    expect(act.sim.cluster.held).toBe(true);
    act.sim.failing.delete('finalise');
    await act.nudge();
    expect(await act.result()).toMatchObject({ outcome: 'Completed' });
  });

  it('does not stop a release when it is only the status that cannot be written', async () => {
    const act = await stage.act(two);
    act.sim.failing.set('project', forbidden);
    await act.publish('v2');
    await act.until('the pause', ({ stepState }) => stepState === 'StepPaused');
    await act.tell('approve');
    await act.until('the end of the work', () => act.sim.cluster.template === 'v2' && !act.sim.cluster.held);
    act.sim.failing.delete('project');
    await act.nudge();
    expect(await act.result()).toMatchObject({ outcome: 'Completed' });
    expect(act.sim.shown.at(-1)).toMatchObject({ phase: 'Healthy' });
  });
});

describe('more news than needed', () => {
  it('from watchers costs little more than the signals themselves', async () => {
    const act = await stage.act(two, 10);
    await act.publish('v2');
    await act.paused(1);
    const looks = act.sim.count('look');
    const storm = 200;
    await Promise.all(Array.from({ length: storm }, () => act.nudge()));
    const marks = act.sim.shown.length;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await act.tell('approve');
    expect(await act.result()).toMatchObject({ outcome: 'Completed' });
    expect(act.sim.count('look') - looks).toBeLessThan(storm);
    expect(act.sim.shown.length - marks).toBeLessThan(20);
    const events = await act.events();
    expect(events.filter((type) => type === 'workflowExecutionSignaledEventAttributes').length).toBeGreaterThanOrEqual(
      storm,
    );
    expect(events.length).toBeLessThan(5 * storm + 150);
  });

  it('from a waiting activity is passed on ever more rarely', async () => {
    const act = await stage.act(two, 10);
    act.sim.held = true;
    let seen = 0;
    act.sim.seeing = (waiting) => {
      seen += 1;
      waiting.observe({ ready: 0, updated: 1, problem: `restart ${seen}` });
    };
    await act.publish('v2');
    await new Promise((resolve) => setTimeout(resolve, 8_000));
    expect((await act.view()).message).toContain('restart');
    const told = (await act.events()).filter((type) => type === 'workflowExecutionSignaledEventAttributes').length;
    expect(seen).toBeGreaterThan(200);
    // After 0.5, 1, 2 and 4 s, and the watcher's own.
    expect(told).toBeLessThanOrEqual(6);
    act.sim.held = false;
    await act.paused(1);
  });
});

describe('workers that come and go', () => {
  it('all the time: each approval is taken once, each step is made once more at most, and the end is the same', async () => {
    const act = await stage.act(planOf([step(1, 5), step(2, 40, timed(1)), step(3, 80)]), 10);
    let going = true;
    const restarts = (async () => {
      let count = 0;
      for (; going; count += 1) {
        await act.stopWorker();
        await act.startWorker();
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      return count;
    })();
    await act.publish('v2');
    await act.paused(1);
    await act.tell('approve');
    await act.paused(3);
    await act.tell('approve');
    const { outcome, decisions } = await act.result();
    going = false;
    expect(await restarts).toBeGreaterThan(2);
    expect(outcome).toBe('Completed');
    expect(decisions.map(({ what }) => what)).toEqual(['approved step 1', 'approved step 3']);
    const { pin, sent, canaries, held, template } = act.sim.cluster;
    expect({ pin, sent, canaries: canaries.size, held, template }).toEqual({
      canaries: 0,
      held: false,
      template: 'v2',
    });
  }, 120_000);
});

it('every release of these tests is done again the same by a replay of its history', async () => {
  expect(await stage.replayAll()).toBeGreaterThan(5);
});
