/**
 * One release, from the first look to its result: look, decide with domain/, act, again. Everything that happens in
 * between (commands, changes in the cluster, what a waiting activity sees) changes what the next decision sees, and an
 * action under way is given up as soon as the decision would be another one.
 */
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import type { RefusalCode } from '../domain/commands.ts';
import { type Action, decide, outdates, sameAction } from '../domain/decide.ts';
import type { Brought } from '../domain/done.ts';
import { done, seenAfter } from '../domain/done.ts';
import { finalStatus } from '../domain/status.ts';
import type { Outcome, ReleaseResult } from '../domain/view.ts';
import * as activities from './activities.ts';
import { execute } from './execute.ts';
import { listen } from './listen.ts';
import type { ReleaseInput } from './messages.ts';
import { insist, rootMessage } from './refused.ts';
import { Run } from './run.ts';

/** How long something the cluster refused is left before it is tried again. */
const mendTime = 30_000;

/** The release workflow. Its result says how it ended; a plain bug fails the task, not the release. */
export async function release(input: ReleaseInput): Promise<ReleaseResult> {
  const run = new Run(input);
  listen(run);
  /** The pause (by its beginning) in which the cluster was looked at. */
  let checked = 0;
  /** The cluster was looked at since nothing but the end was left. */
  let sure = false;
  for (;;) {
    await take(run);
    if (run.stale || run.facts === undefined) await run.look();
    const decided = decide(run.state, run.known, Date.now());
    run.decided(decided);
    const { action } = decided;
    if (action.do === 'end' && !sure && action.outcome !== 'NothingToDo') {
      sure = true;
      run.stale = true;
      continue;
    }
    if (action.do === 'end') {
      if (!(await over(run))) continue;
      const result = await end(run, action.outcome);
      if (!(await heldAgain(run))) return result;
      return next(run, input);
    }
    sure = false;
    if (action.do === 'restart') return next(run, input);
    if (action.do !== 'wait') await perform(run, action);
    else if (!(await run.show())) {
      const paused = action.for === 'approval' || action.for === 'timer' ? run.state.since : checked;
      // What somebody did while the step was made is in no watcher's memory: it is looked for once, when the step is shown.
      if (paused !== checked) run.stale = true;
      else await waitFor(run, action.until);
      checked = paused;
    }
  }
}

/** Carries out what a client asked for with `start`: the change of images that the release is about. */
async function take(run: Run): Promise<void> {
  const { request } = run;
  if (request === undefined || run.taken === request) return;
  run.taken = request;
  const { attached, plan: own, problems } = run.facts ?? (await run.look());
  const plan = attached ? own : request.plan;
  const refuse = (message: string, type: RefusalCode) => {
    run.refusal = ApplicationFailure.nonRetryable(message, type);
  };
  if (plan === undefined) {
    const why = attached ? problems.map(({ message }) => message).join('; ') : 'it is not there and no plan was given';
    return refuse(`Rollout ${run.label} has no plan to release by: ${why}`, 'OtherPlan');
  }
  if (request.plan !== undefined && request.plan.hash !== plan.hash)
    return refuse(
      `Rollout ${run.label} in the cluster has another plan: apply the file first, or leave it out`,
      'OtherPlan',
    );
  if (request.change === undefined) return;
  try {
    await activities.hold({ ...run.target, plan, images: request.change.images });
  } catch (error) {
    refuse(rootMessage(error), 'BadCommand');
  }
  run.stale = true;
}

/** The next release of the same workload, in a run of its own. */
async function next(run: Run, input: ReleaseInput): Promise<never> {
  await condition(allHandlersFinished);
  const plan = run.request?.plan ?? input.plan;
  return continueAsNew<typeof release>({ ...input, ...(plan === undefined ? {} : { plan }) });
}

/** A version published while this one took over: whoever saw it told this run, which must not forget it. */
async function heldAgain(run: Run): Promise<boolean> {
  if (run.outcome === 'NothingToDo') return false;
  const { workload, switches } = run.stale ? await run.look() : run.known;
  return workload?.held === true && !switches.deleting && !switches.disabled;
}

/** Nothing left to decide, unless someone has just asked for more. */
async function over(run: Run): Promise<boolean> {
  run.ended = true;
  await condition(allHandlersFinished);
  if (run.request === run.taken) return true;
  run.ended = false;
  return false;
}

async function waitFor(run: Run, until: number | undefined): Promise<void> {
  const seen = run.version;
  const news = () => run.stale || run.version !== seen;
  if (until === undefined) await condition(news);
  else await condition(news, Math.max(1, until - Date.now()), { summary: `pause of step ${run.state.step}` });
}

/** Carries an action out, and gives it up when it is no longer the one to take. */
async function perform(run: Run, action: Action): Promise<void> {
  const scope = new CancellationScope();
  const show = action.do === 'setPaused' ? undefined : run.showing();
  let brought: Brought | undefined;
  let failure: unknown;
  let finished = false;
  const work = scope
    .run(() => execute(run, action, show))
    .then(
      (result) => {
        brought = result;
        if (show !== undefined && result !== undefined) run.shown(show, result.input);
        finished = true;
      },
      (error: unknown) => {
        failure = error;
        finished = true;
      },
    );
  while (!finished) {
    const seen = run.version;
    const deadline = run.deadline(action);
    const news = () => finished || run.stale || run.version !== seen;
    if (deadline === undefined) await condition(news);
    else if (!(await condition(news, deadline, { summary: 'progress deadline' }))) run.missedDeadline();
    if (finished) break;
    if (run.stale) await run.look();
    const again = decide(run.state, run.known, Date.now());
    if (sameAction(again.action, action)) {
      await run.show();
      continue;
    }
    scope.cancel();
    await activities.wake(workflowInfo().runId);
    await work;
    if (failure === undefined && brought !== undefined && sameSubject(run, action)) break;
    return;
  }
  if (failure !== undefined) return blocked(run, failure);
  if (brought === undefined) return;
  run.state = done(run.state, action, brought, Date.now());
  run.facts = seenAfter(run.known, action, brought);
  if (outdates(action)) run.stale = true;
}

/** An action that was done before it could be stopped counts, unless the release has turned to something else. */
function sameSubject(run: Run, action: Action): boolean {
  return action.do === 'finalise' ? run.state.finalise?.reason === action.reason : run.state.finalise === undefined;
}

/** What no retry mends is shown, and tried again when something changes, or after a while. */
async function blocked(run: Run, failure: unknown): Promise<void> {
  if (isCancellation(failure)) return;
  run.state = { ...run.state, blocked: rootMessage(failure) };
  await run.show();
  const seen = run.version;
  await condition(() => run.stale || run.version !== seen, mendTime);
}

async function end(run: Run, outcome: Outcome): Promise<ReleaseResult> {
  run.outcome = outcome;
  run.index(outcome);
  const nothing = outcome === 'NothingToDo';
  const { namespace, name } = run.target;
  if (!nothing && run.known.attached) {
    const status = finalStatus(run.state, run.known, outcome, Date.now());
    await insist(() => activities.project({ namespace, name, status, final: true }));
  }
  return {
    outcome,
    message:
      run.refusal?.message ??
      (nothing ? 'there was nothing to release' : finalStatus(run.state, run.known, outcome, Date.now()).message),
    stableRevision: run.state.stable?.podTemplateHash ?? '',
    canaryRevision: run.state.revision,
    decisions: run.state.decisions,
  };
}
