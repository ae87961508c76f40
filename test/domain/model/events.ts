/** What may happen to a cluster and its release, in any order; and how it comes to rest when nothing more does. */
import fc from 'fast-check';
import type { Command, CommandName } from '../../../domain/commands.ts';
import type { Plan } from '../../../domain/plan.ts';
import { nothingSent } from './cluster.ts';
import { expectThat, type World } from './world.ts';

export type Happening = {
  readonly what: string;
  readonly to: (world: World) => void;
  readonly [fc.toStringMethod]: () => string;
};

/** What everybody does: the objects that are theirs. */
export function happenings(plans: readonly [Plan, Plan]): fc.Arbitrary<Happening> {
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc.tuple(fc.integer({ min: 1, max: 8 }), fc.boolean()).map(([turns, late]) => go(turns, late)),
    },
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 12 }).map(ready) },
    { weight: 4, arbitrary: fc.constant(happening('the watcher tells', (world) => world.deliver())) },
    { weight: 4, arbitrary: commands },
    { weight: 2, arbitrary: wishes },
    { weight: 2, arbitrary: fc.constantFrom(1, 10, 60, 1000).map(passes) },
    { weight: 3, arbitrary: fc.constantFrom(1, 2, 12).map(crash) },
    { weight: 2, arbitrary: fc.constantFrom('v1', 'v2', 'v3', 'v4').map(publish) },
    { weight: 2, arbitrary: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 12 })).map(scale) },
    { weight: 1, arbitrary: fc.constantFrom(...plans).map(edit) },
    { weight: 2, arbitrary: fc.constantFrom<Happening>(...switches) },
    { weight: 2, arbitrary: fc.constantFrom('v2', 'v3').map(breaks) },
    { weight: 1, arbitrary: fc.constant(happening('the worker dies', ({ run }) => run?.crash())) },
    { weight: 1, arbitrary: fc.constant(happening('the action ends at this moment', ({ run }) => run?.finishNow())) },
  );
}

/** What nobody should do, and somebody does: to what the release has made. */
export const meddlings: readonly Happening[] = [
  meddling('the canary Deployment is deleted', (world) => {
    if (isPaused(world)) world.cluster.canaries.clear();
  }),
  meddling('the canary Deployment is scaled', (world) => {
    for (const canary of isPaused(world) ? world.cluster.canaries.values() : []) {
      canary.desired = 1;
      canary.ready = Math.min(canary.ready, 1);
    }
  }),
  meddling('the stable Service is given its selector back', ({ cluster }) => {
    cluster.pin = undefined;
  }),
  meddling('the canary Service is deleted', ({ cluster }) => {
    cluster.canaryService = undefined;
  }),
  meddling('the routes are put back', ({ cluster }) => {
    cluster.sent = undefined;
  }),
  meddling('the routes are changed', ({ cluster }) => {
    if (cluster.sent !== undefined) cluster.sent = nothingSent;
  }),
];

/** Only then is it looked for; while a step is on its way its pods are not counted again. */
function isPaused({ run }: World): boolean {
  return run?.state.stage === 'Rolling' && run.state.stepState === 'StepPaused';
}

function happening(what: string, to: (world: World) => void): Happening {
  return { what, to, [fc.toStringMethod]: () => what };
}

function changes(what: string, to: (world: World) => void): Happening {
  return happening(what, (world) => {
    to(world);
    world.news = true;
    world.check();
  });
}

function meddling(what: string, to: (world: World) => void): Happening {
  return happening(what, (world) => {
    world.meddled = true;
    to(world);
    world.news = true;
  });
}

const go = (turns: number, late: boolean) =>
  happening(`${turns} turns${late ? ', late' : ''}`, (world) => world.turns(turns, late));
const passes = (seconds: number) =>
  happening(`${seconds} s pass`, (world) => {
    world.now += seconds * 1000;
  });
const ready = (pods: number) =>
  happening(`${pods} pods become ready`, (world) => {
    if (world.cluster.canariesReady(pods)) world.news = true;
    for (let step = 0; step < pods; step += 1) world.cluster.nativeStep();
  });
const crash = (pods: number) =>
  changes(`${pods} new pods crash`, ({ cluster }) => {
    for (const canary of cluster.canaries.values()) canary.ready = Math.max(0, canary.ready - pods);
  });
const publish = (version: string) => changes(`${version} is published`, (world) => world.publish(version));
const scale = (replicas: number) => changes(`scaled to ${replicas}`, ({ cluster }) => cluster.scale(replicas));
const breaks = (version: string) => happening(`${version} is broken`, ({ cluster }) => cluster.broken.add(version));
const edit = (plan: Plan) =>
  changes('the plan is edited', ({ cluster }) => {
    if (cluster.rollout.there) cluster.plan = plan;
  });

type Rollout = World['cluster']['rollout'];
const turned = (what: string, change: Partial<Rollout>) =>
  changes(`the Rollout is ${what}`, ({ cluster }) => {
    const { rollout } = cluster;
    if (rollout.there && !rollout.deleting)
      cluster.rollout = { ...rollout, ...change, generation: rollout.generation + 1 };
  });
const switches: readonly Happening[] = [
  turned('paused', { paused: true }),
  turned('resumed', { paused: false }),
  turned('disabled', { disabled: true }),
  turned('enabled', { disabled: false }),
  turned('deleted', { deleting: true }),
];

const names = ['approve', 'approve', 'pause', 'resume', 'abort', 'retry', 'undo', 'jump'] as const;
const bound = fc.record<Partial<Command>>(
  {
    step: fc.integer({ min: 1, max: 6 }),
    revision: fc.constantFrom('v1', 'v2', 'v3'),
    to: fc.integer({ min: 0, max: 7 }),
  },
  { requiredKeys: [] },
);
const commands = fc
  .tuple(
    fc.constantFrom<CommandName>(...names),
    fc.oneof({ weight: 2, arbitrary: fc.record({ to: bound.map(({ to = 1 }) => to) }) }, bound),
  )
  .map(([name, wish]) => happening(`${name} ${JSON.stringify(wish)}`, (world) => world.command(name, wish)));

const wishes = fc.oneof(
  fc.constant(
    changes('StepReady is written', ({ cluster }) => {
      if (cluster.status.canaryStatus !== undefined) cluster.status.canaryStatus.currentStepState = 'StepReady';
    }),
  ),
  fc.integer({ min: -1, max: 7 }).map((to) =>
    changes(`nextStepIndex ${to} is written`, ({ cluster }) => {
      if (cluster.status.canaryStatus !== undefined) cluster.status.canaryStatus.nextStepIndex = to;
    }),
  ),
);

/** Nothing more happens but what was asked for: pods come up, time passes, people approve. Returns what it waits for. */
export function rest(world: World): string {
  const { cluster } = world;
  const most = 1500;
  for (let turn = 0; turn < most; turn += 1) {
    if (world.news || world.run === undefined) world.deliver();
    const before = world.run;
    world.turns(1);
    if (world.run !== before || !world.waits) continue;
    if (world.run === undefined) {
      if (!cluster.held && cluster.rollout.phase !== 'Progressing') return 'nothing';
      continue;
    }
    if (cluster.canariesReady(12)) world.news = true;
    else if (!cluster.nativeStep() && !nudged(world)) return waitsFor(world);
  }
  throw new Error(`no end: ${JSON.stringify(world.run?.state)}, ${JSON.stringify(world.run?.action)}`);
}

function nudged(world: World): boolean {
  const { run } = world;
  if (run === undefined || run.action.do !== 'wait') return false;
  switch (run.action.for) {
    case 'approval':
      world.command('approve', { step: run.state.step, revision: run.state.revision });
      return true;
    case 'timer':
      expectThat((run.action.until as number) > world.now, 'waits for the past');
      world.now = run.action.until as number;
      return true;
    case 'resume':
      world.command('resume');
      return true;
    default:
      return false;
  }
}

function waitsFor(world: World): string {
  const action = world.run?.action;
  if (action === undefined) return 'nothing';
  return action.do === 'wait' ? action.for : action.do;
}
