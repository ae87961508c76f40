/** The release workflow on a real Temporal server, over a cluster in memory, replayed from its beginning at every task. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CommandName } from '../../domain/commands.ts';
import type { Step } from '../../domain/plan.ts';
import { approval, planOf, timed } from '../domain/model/plans.ts';
import { type Act, Stage, type Way } from './stage.ts';

const step = (replicas: number, traffic: number, pause: Step['pause'] = approval): Step => ({
  replicas,
  traffic,
  pause,
});
const three = planOf([step(1, 5), step(2, 40), step(3, 80)]);

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
}, 120_000);

afterAll(() => stage.close());

describe('a release', () => {
  it('goes through timed pauses by itself, leaves nothing behind and says how it ended', async () => {
    const act = await stage.act(planOf([step(1, 5, timed(1)), step(2, 40, timed(0)), step(3, 80, timed(1))]));
    const began = Date.now();
    await act.publish('v2');
    expect(await act.result()).toMatchObject({ outcome: 'Completed', canaryRevision: 'v2', decisions: [] });
    expect(Date.now() - began).toBeGreaterThanOrEqual(2_000);
    const { pin, sent, canaries, canaryService, held, template } = act.sim.cluster;
    expect({ pin, sent, canaries: canaries.size, canaryService, held, template }).toEqual({
      canaries: 0,
      held: false,
      template: 'v2',
    });
    expect(act.sim.count('upgradePods')).toBe(3);
    expect(act.sim.count('shiftTraffic')).toBe(3);
    expect(act.sim.shown.at(-1)).toMatchObject({ phase: 'Healthy', currentStepState: 'Completed' });
    // The budget of the design, with every task a whole replay: at most 40 events a step.
    expect((await act.events()).length).toBeLessThanOrEqual(3 * 40);
  });

  it('waits for a pause of a day with one timer of a day, and nothing else', async () => {
    const act = await stage.act(planOf([step(1, 5, timed(86_400)), step(4, 100, timed(0))]));
    await act.publish('v2');
    const { awaited } = await act.paused(1);
    expect(Date.parse(awaited.by ?? '') - Date.parse(awaited.since)).toBe(86_400_000);
    const { events } = await act.handle.fetchHistory();
    const timers = (events ?? []).flatMap(({ timerStartedEventAttributes: timer }) => (timer ? [timer] : []));
    const seconds = timers.map(({ startToFireTimeout }) => Number(startToFireTimeout?.seconds));
    // The first is the deadline by which the pods had to be ready.
    expect(seconds).toEqual([600, expect.any(Number)]);
    expect(seconds[1]).toBeGreaterThan(86_390);
    await act.tell('approve');
    expect(await act.result()).toMatchObject({ outcome: 'Completed' });
  });

  it('shows a version that is not ready in time as failing, and goes on when it is', async () => {
    const act = await stage.act(three);
    act.sim.progressDeadlineSeconds = 1;
    act.sim.held = true;
    act.sim.seeing = (waiting) =>
      waiting.observe({ ready: 0, updated: 1, problem: 'pod echo-1 cannot pull its image' });
    await act.publish('v2');
    const { message } = await act.until('failing', ({ failing }) => failing);
    expect(message).toContain('pod echo-1 cannot pull its image');
    act.sim.held = false;
    expect((await act.paused(1)).failing).toBe(false);
  });

  it('gives way to a third version, and is then released by the next run', async () => {
    const act = await stage.act(three);
    await act.publish('v2');
    await act.paused(1);
    const { runId } = await act.view();
    await act.publish('v3');
    const view = await act.until(
      'the third version',
      (next) => next.canaryRevision === 'v3' && next.stepState === 'StepPaused',
    );
    expect(view.runId).not.toBe(runId);
    expect([...act.sim.cluster.canaries.keys()]).toEqual(['v3']);
    expect(view.stableRevision).toBe('v1');
  });

  it('ends when its version is taken back by hand, in the middle of a wait for pods', async () => {
    const act = await stage.act(three);
    act.sim.held = true;
    await act.publish('v2');
    await act.until('the wait', ({ stepState }) => stepState === 'StepUpgrade');
    act.sim.cluster.publish('v1');
    act.sim.held = false;
    await act.nudge();
    expect(await act.result()).toMatchObject({ outcome: 'RolledBack' });
    expect(act.sim.cluster.template).toBe('v1');
  });

  it('carries the new version to every pod when its Rollout is deleted', async () => {
    const act = await stage.act(three);
    await act.publish('v2');
    await act.paused(1);
    act.sim.cluster.rollout = { ...act.sim.cluster.rollout, deleting: true };
    await act.nudge();
    expect(await act.result()).toMatchObject({ outcome: 'Deleted' });
    expect(act.sim.cluster.held).toBe(false);
  });

  it('takes up an edited plan where it stands', async () => {
    const act = await stage.act(three);
    await act.publish('v2');
    await act.paused(1);
    act.sim.cluster.plan = planOf([step(1, 5), step(2, 60), step(3, 80), step(4, 100, timed(0))]);
    await act.nudge();
    await act.until('the edited plan', ({ steps, stepState }) => steps === 4 && stepState === 'StepPaused');
    await act.tell('approve');
    await act.paused(2);
    expect(act.sim.cluster.sent).toEqual({ share: 60, matches: false });
  });

  it('takes approvals and jumps written into the status, each once', async () => {
    const act = await stage.act(three);
    await act.publish('v2');
    await act.paused(1);
    const { canaryStatus = {} } = act.sim.cluster.status;
    act.sim.cluster.status = { canaryStatus: { ...canaryStatus, currentStepState: 'StepReady' } };
    await act.nudge();
    await act.nudge();
    await act.paused(2);
    act.sim.cluster.status = { canaryStatus: { ...act.sim.cluster.status.canaryStatus, nextStepIndex: 1 } };
    await act.nudge();
    const { decisions } = await act.paused(1);
    expect(decisions.map(({ what, via }) => `${what} by ${via}`)).toEqual([
      'approved step 1 by kubectl',
      'jumped to step 1 by kubectl',
    ]);
  });
});

describe.each<Way>(['update', 'signal'])('a command as a %s', (way) => {
  it('is obeyed: pause, resume, jump, retry, approve, abort, undo', async () => {
    const act = await stage.act(three);
    await act.publish('v2');
    await act.paused(1);
    await act.tell('pause', way);
    await act.until('the pause', ({ awaited }) => awaited.kind === 'resume');
    expect(act.sim.cluster.rollout.paused).toBe(true);
    await act.tell('resume', way);
    await act.until('the end of the pause', ({ awaited }) => awaited.kind === 'approval');
    await act.tell('jump', way, { to: 3 });
    await act.paused(3);
    expect(act.sim.cluster.sent).toEqual({ share: 80, matches: false });
    await act.tell('jump', way, { to: 1 });
    await act.paused(1);
    expect(act.sim.cluster.canaries.get('v2')?.desired).toBe(3);
    const upgrades = act.sim.count('upgradePods');
    await act.tell('retry', way);
    await act.until(
      'the step again',
      ({ stepState }) => stepState === 'StepPaused' && act.sim.count('upgradePods') > upgrades,
    );
    await act.tell('approve', way);
    await act.paused(2);
    await act.tell('abort', way);
    await act.until('the abort', ({ aborted }) => aborted);
    expect([...act.sim.cluster.canaries]).toEqual([]);
    expect(act.sim.cluster.held).toBe(true);
    await act.tell('retry', way);
    await act.paused(1);
    await act.tell('undo', way);
    const { outcome, decisions } = await act.result();
    expect(outcome).toBe('RolledBack');
    expect(act.sim.cluster.template).toBe('v1');
    const told = [
      'paused',
      'resumed',
      'jumped to step 3',
      'jumped to step 1',
      'retried step 1',
      'approved step 1',
      'aborted',
      'retried from the first step',
      'undone',
    ];
    expect(decisions.map(({ what }) => what)).toEqual(told);
    const who = way === 'update' ? 'mara (api)' : 'unknown (see the signal in the history) (signal)';
    expect(new Set(decisions.map(({ by, via }) => `${by} (${via})`))).toEqual(new Set([who]));
  });
});

describe('a command that cannot be had', () => {
  it('is refused as an update by its reason, and nothing is written to the history', async () => {
    const act = await stage.act(three);
    await act.publish('v2');
    const { decisions } = await act.paused(1);
    const before = await quiet(act);
    expect({
      'approve for another step': await act.refusal('approve', { step: 2 }),
      'approve for another version': await act.refusal('approve', { revision: 'v9' }),
      'approve by nobody': await act.refusal('approve', { by: '' }),
      resume: await act.refusal('resume'),
      'jump nowhere': await act.refusal('jump'),
      'jump too far': await act.refusal('jump', { to: 4 }),
    }).toEqual({
      'approve for another step': 'OtherStep',
      'approve for another version': 'OtherRevision',
      'approve by nobody': 'BadCommand',
      resume: 'NotPaused',
      'jump nowhere': 'NoSuchStep',
      'jump too far': 'NoSuchStep',
    });
    expect(await act.events()).toEqual(before);
    expect((await act.view()).decisions).toEqual(decisions);
    await act.tell('abort');
    await act.until('the abort', ({ aborted }) => aborted);
    expect([await act.refusal('approve'), await act.refusal('abort'), await act.refusal('jump', { to: 1 })]).toEqual([
      'Aborted',
      'Aborted',
      'NotWaiting',
    ]);
    act.sim.held = true;
    await act.tell('undo');
    await act.until('the way back', ({ reason }) => reason === 'Cancelling');
    const all: CommandName[] = ['approve', 'pause', 'resume', 'abort', 'retry', 'undo', 'jump'];
    for (const name of all) expect(await act.refusal(name, { to: 1 })).toBe('Finishing');
    act.sim.held = false;
    expect(await act.result()).toMatchObject({ outcome: 'RolledBack' });
  });

  it('is noted when it came as a signal, and changes nothing', async () => {
    const act = await stage.act(three);
    await act.publish('v2');
    await act.paused(1);
    await act.tell('resume', 'signal');
    await act.tell('jump', 'signal', { to: 9 });
    const { decisions } = await act.until('two notes', (view) => view.decisions.length === 2);
    expect(decisions.map(({ what }) => what)).toEqual([
      'resume was refused (NotPaused)',
      'jump was refused (NoSuchStep)',
    ]);
    expect((await act.view()).stepState).toBe('StepPaused');
  });

  it('is refused the second time: an approval sent twice leaves one step', async () => {
    const act = await stage.act(three);
    await act.publish('v2');
    await act.paused(1);
    const answers = await Promise.all([act.refusal('approve', { step: 1 }), act.refusal('approve', { step: 1 })]);
    expect(answers.filter((answer) => answer.startsWith('taken'))).toHaveLength(1);
    expect((await act.paused(2)).decisions).toHaveLength(1);
  });
});

/** The events once nothing happens any more. */
async function quiet(act: Act): Promise<string[]> {
  for (let before = await act.events(); ; ) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const now = await act.events();
    if (now.length === before.length) return now;
    before = now;
  }
}

it('every release of these tests is done again the same by a replay of its history', async () => {
  expect(await stage.replayAll()).toBeGreaterThan(10);
}, 120_000);
