/** Releases and facts to start from in tests: change what the test is about. */
import { decide } from '../../../domain/decide.ts';
import type { Plan } from '../../../domain/plan.ts';
import { type Facts, newRelease, type ReleaseState } from '../../../domain/release.ts';
import { versionOf } from './cluster.ts';
import { approval, planOf, timed } from './plans.ts';

/** 2025-01-01T00:00:00Z */
export const now = 1_735_689_600_000;

/** One pod by approval, 40 % for a minute, 80 % by approval, and the rest. */
export const plan = planOf([
  { replicas: 1, traffic: 5, pause: approval },
  { replicas: '40%', traffic: 40, pause: timed(60) },
  { replicas: '80%', traffic: 80, pause: approval },
  { replicas: '100%', traffic: 100, pause: approval },
]);

type Workload = NonNullable<Facts['workload']>;

/** v2 is held for a release of a workload whose ten pods run v1. */
export const workload: Workload = {
  replicas: 10,
  revision: 'v2',
  images: ['echo:2'],
  held: true,
  generation: 7,
  progressDeadlineSeconds: 600,
  rolloutId: '',
  queued: false,
  older: [{ ...versionOf('v1'), images: ['echo:1'] }],
};

export const facts: Facts = {
  plan,
  problems: [],
  switches: { paused: false, disabled: false, deleting: false },
  attached: true,
  shownPhase: 'Healthy',
  generation: 3,
  workload,
  drifted: false,
};

/** Facts with another workload, or none. */
export function withWorkload(change: Partial<Workload> | undefined, rest: Partial<Facts> = {}): Facts {
  const { workload: _, ...others } = facts;
  return { ...others, ...(change === undefined ? {} : { workload: { ...workload, ...change } }), ...rest };
}

/** A release that has begun, at the first step. */
export function begun(of: Plan = plan): ReleaseState {
  return decide(newRelease(now), { ...facts, plan: of }, now).state;
}

/** A release that waits at `step`, its pods up and its routes in place. */
export function pausedAt(step: number, change: Partial<ReleaseState> = {}, of: Plan = plan): ReleaseState {
  const pods = [1, 4, 8, 10][step - 1] ?? 10;
  return {
    ...begun(of),
    step,
    stepState: 'StepPaused',
    upgraded: pods,
    podTemplateHash: 'v2',
    canaryDeployment: 'echo-v2',
    routed: step,
    ...change,
  };
}
