import { describe, expect, it } from '@jest/globals';
import { type Action, decide } from '../../domain/decide.ts';
import { describeStart, describe as inMarkdown } from '../../domain/describe.ts';
import { present } from '../../domain/present.ts';
import { type Facts, newRelease, type ReleaseState } from '../../domain/release.ts';
import { viewOf } from '../../domain/view-of.ts';
import { begun, facts, now, pausedAt, plan, withWorkload, workload } from './model/states.ts';

/** What is shown of a release that decides on these facts. */
function shown(state: ReleaseState, seen: Facts = facts) {
  const decided = decide(state, seen, now);
  return present(decided.state, seen, decided.action);
}

const switched = (change: Partial<Facts['switches']>): Facts => ({
  ...facts,
  switches: { ...facts.switches, ...change },
});
const problem = { code: 'ServiceNotFound', message: 'Service shop/echo is not there: create it' } as const;
const trouble = 'pod echo-x container main is in ImagePullBackOff (since 2025-01-01T00:00:00Z)';
const observation = { ready: 1, updated: 4, problem: trouble, since: now };

describe('the line that kubectl shows', () => {
  it.each<[string, ReleaseState, Facts, string, string]>([
    [
      'pods are brought up',
      begun(),
      facts,
      'InRolling',
      'Rollout is in step(1/4), and upgrade workload to new version',
    ],
    [
      'pods do not come up',
      { ...pausedAt(2), stepState: 'StepUpgrade', observation },
      facts,
      'InRolling',
      `Rollout is in step(2/4), and upgrade workload to new version: ${trouble}`,
    ],
    [
      'pods have not come up in time',
      { ...pausedAt(2), stepState: 'StepUpgrade', failing: true, observation },
      facts,
      'InRolling',
      `Rollout is in step(2/4), and upgrade workload to new version: no progress within progressDeadlineSeconds: ${trouble}`,
    ],
    [
      'routes are changed',
      { ...pausedAt(2), stepState: 'StepTrafficRouting' },
      facts,
      'InRolling',
      'Rollout is in step(2/4), and route traffic to new version',
    ],
    [
      'a person is awaited',
      pausedAt(1),
      facts,
      'InRolling',
      'Rollout is in step(1/4), and you need manually confirm to enter the next step',
    ],
    [
      'time is to pass',
      pausedAt(2),
      facts,
      'InRolling',
      'Rollout is in step(2/4), and wait duration(60 seconds) to enter the next step',
    ],
    [
      'it is paused',
      pausedAt(1),
      switched({ paused: true }),
      'Paused',
      'Rollout has been paused, you can resume it by kube-cli',
    ],
    [
      'it has passed its steps',
      pausedAt(4, { approved: 4 }),
      facts,
      'Finalising',
      'Rollout has been completed and some closing work is being done',
    ],
    [
      'the old version is put back',
      pausedAt(2),
      withWorkload({ revision: 'v1' }),
      'Cancelling',
      'The workload has been rolled back and the rollout process will be canceled',
    ],
    [
      'a newer version is published',
      pausedAt(2),
      withWorkload({ revision: 'v3' }),
      'Cancelling',
      'Workload is continuous release',
    ],
    ['the Rollout is deleted', pausedAt(2), switched({ deleting: true }), 'Finalising', 'Rollout is in terminating'],
    [
      'the Rollout is disabled',
      pausedAt(2),
      switched({ disabled: true }),
      'Finalising',
      'Disabling rollout, release resources',
    ],
    [
      'the workload is missing',
      newRelease(now),
      withWorkload(undefined),
      'Initializing',
      "Workload Not Found: Deployment echo is not there: create it, or correct the Rollout's workloadRef",
    ],
    ['something else is missing', newRelease(now), { ...facts, problems: [problem] }, 'Initializing', problem.message],
    [
      'the cluster refuses',
      { ...begun(), blocked: 'quota exceeded' },
      facts,
      'InRolling',
      'Rollout is in step(1/4), and upgrade workload to new version; refused by the cluster, and tried again: quota exceeded',
    ],
    [
      'the plan was edited into nonsense',
      pausedAt(1),
      { ...withWorkload(workload), problems: [problem] },
      'InRolling',
      `Rollout is in step(1/4), and you need manually confirm to enter the next step; the plan as edited is not followed: ${problem.message}`,
    ],
  ])('when %s', (_, state, seen, reason, message) => {
    expect(shown(state, seen)).toMatchObject({ reason, message });
  });

  it('shows the phases of OpenKruise', () => {
    expect(shown(pausedAt(1)).phase).toBe('Progressing');
    expect(shown(pausedAt(1), switched({ deleting: true })).phase).toBe('Terminating');
    expect(shown(pausedAt(1), switched({ disabled: true })).phase).toBe('Disabling');
  });
});

describe('what a release waits for', () => {
  const at = '2025-01-01T00:00:00Z';

  it('names approvals, with what comes after them', () => {
    expect(shown(pausedAt(1)).awaited).toEqual({
      kind: 'approval',
      what: 'approval of step 1',
      since: at,
      next: 'step 2: 4 new pods, then 40 % of requests go to the new version',
    });
    expect(shown(pausedAt(3, { since: now })).awaited.next).toBe(
      'step 4: 10 new pods, then 100 % of requests go to the new version',
    );
  });

  it('names timers, with their end', () => {
    expect(shown(pausedAt(2)).awaited).toMatchObject({ kind: 'timer', by: '2025-01-01T00:01:00Z' });
  });

  it('names pods, with how many there are, what holds them up, and by when it counts as failing', () => {
    const awaited = shown({ ...pausedAt(2), stepState: 'StepUpgrade', observation }).awaited;
    expect(awaited).toEqual({
      kind: 'pods',
      what: `4 new pods ready (now 1); ${trouble}`,
      since: at,
      next: '40 % of requests go to the new version',
      by: '2025-01-01T00:10:00Z',
    });
  });

  it('names routes, with what holds them up', () => {
    const state: ReleaseState = { ...pausedAt(2), stepState: 'StepTrafficRouting' };
    const problem = 'HTTPRoute shop/echo is not accepted';
    expect(shown({ ...state, observation: { ...observation, problem } }).awaited).toMatchObject({
      kind: 'traffic',
      what: `the routes to be accepted; ${problem}`,
      next: 'the step is left after 60 seconds',
    });
  });

  it('promises no requests where no route moves them', () => {
    const bare = { ...plan, routings: [] };
    expect(shown(pausedAt(1, {}, bare), { ...facts, plan: bare }).awaited.next).toBe(
      'step 2: 4 new pods, then the step is left after 60 seconds',
    );
  });

  it('names no date beyond the last one', () => {
    const endless = {
      ...plan,
      steps: plan.steps.map((step) => ({ ...step, pause: { kind: 'timed', seconds: 1e15 } as const })),
    };
    expect(shown(pausedAt(1, {}, endless), { ...facts, plan: endless }).awaited).not.toHaveProperty('by');
    expect(shown(begun(), withWorkload({ progressDeadlineSeconds: 2 ** 31 - 1 })).awaited.by).toBe(
      '2093-01-19T03:14:07Z',
    );
  });
});

describe('a release in markdown', () => {
  const address = { cluster: 'c', namespace: 'shop', name: 'echo', workflowId: 'w', runId: 'r', startedAt: '' };
  const action: Action = { do: 'wait', for: 'approval' };

  it('is one heading, one line of state, what is awaited, and the last decisions', () => {
    const decision = {
      at: '2025-01-01T00:00:00Z',
      what: 'started',
      by: 'ann',
      via: 'cli',
      step: 1,
      revision: 'v2',
    } as const;
    const view = viewOf(pausedAt(1, { decisions: [decision] }), facts, action, address);
    expect(inMarkdown(view).split('\n')).toEqual([
      '### shop/echo: echo:1 → echo:2',
      '**InRolling**, step 1/4 (StepPaused): Rollout is in step(1/4), and you need manually confirm to enter the next step',
      '',
      '- waits for: approval of step 1 (since 2025-01-01T00:00:00Z)',
      '- next: step 2: 4 new pods, then 40 % of requests go to the new version',
      '- new pods: 0 ready of 1; requests: 5 %',
      '',
      '**Decisions**',
      '- 2025-01-01T00:00:00Z started, by ann (cli)',
    ]);
    expect(describeStart(view)).toBe('releasing echo:1 → echo:2: step 1/4');
  });

  it('can be had before the first look', () => {
    const view = viewOf(newRelease(now), undefined, undefined, address);
    expect(view).toMatchObject({ phase: 'Progressing', steps: 0, step: 1, traffic: 0 });
  });
});
