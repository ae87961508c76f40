/** What a running release hears. Handlers only change its state; the loop acts. */
import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import { command } from '../domain/command.ts';
import type { Answer, Command, CommandName, Refusal } from '../domain/commands.ts';
import { describeStart } from '../domain/describe.ts';
import { timestamp } from '../domain/present.ts';
import { withDecision } from '../domain/release.ts';
import {
  nudgeSignal,
  observationSignal,
  retargetUpdate,
  type StartRequest,
  signals,
  statusQuery,
  updates,
} from './messages.ts';
import type { Run } from './run.ts';

const descriptions: Readonly<Record<CommandName, string>> = {
  approve: 'Let the current step be left',
  pause: 'Stop the release where it is',
  resume: 'Let a paused release go on',
  abort: 'Send all requests back to the stable version and hold',
  retry: 'Begin again: the current step, or an aborted release from the first',
  undo: 'Put the stable version back and end the release',
  jump: 'Go to another step (to: its number)',
};

export function listen(run: Run): void {
  for (const name of Object.keys(updates) as CommandName[]) {
    setHandler(updates[name], (wish: Command) => obey(run, name, wish), {
      validator: (wish: Command) => {
        const refusal = refused(run, name, wish);
        if (refusal !== undefined) throw failureOf(refusal);
      },
      description: descriptions[name],
    });
    setHandler(signals[name], (wish?: Command) => hear(run, name, wish), { description: descriptions[name] });
  }
  setHandler(retargetUpdate, (request: StartRequest) => start(run, request), {
    description: 'Start a release, or tell the running one what to release now',
  });
  setHandler(nudgeSignal, (nudge) => run.nudge(nudge), { description: 'The cluster has changed: look again' });
  setHandler(observationSignal, (observation) => {
    const progress = observation.ready > (run.state.observation?.ready ?? -1);
    run.state = {
      ...run.state,
      observation,
      ...(progress ? { progressAt: Date.now(), failing: false } : {}),
    };
    run.changed();
  });
  setHandler(statusQuery, () => run.view(), { description: 'The release as it stands' });
}

function refused(run: Run, name: CommandName, wish: Command): Refusal | undefined {
  if (run.facts === undefined)
    return { code: 'NotWaiting', message: 'the release has not begun yet: ask again in a moment' };
  if (wish === null || typeof wish !== 'object')
    return { code: 'BadCommand', message: 'a command is an object that says who gives it (by)' };
  const commanded = command(name, wish, run.state, run.facts, run.action, Date.now());
  return 'refusal' in commanded ? commanded.refusal : undefined;
}

function obey(run: Run, name: CommandName, wish: Command): Answer {
  const refusal = refused(run, name, wish);
  if (refusal !== undefined) throw failureOf(refusal);
  const commanded = command(name, wish, run.state, run.known, run.action, Date.now());
  if ('refusal' in commanded) throw failureOf(commanded.refusal);
  run.state = commanded.state;
  run.changed();
  return commanded.answer;
}

/** A bare `temporal workflow signal --name approve` says nothing of its author: the history has the client's identity. */
function hear(run: Run, name: CommandName, wish: Command | undefined): void {
  const given: Command = {
    ...(wish ?? {}),
    by: wish?.by ?? 'unknown (see the signal in the history)',
    via: wish?.via ?? 'signal',
  };
  const refusal = refused(run, name, given);
  if (refusal === undefined) {
    obey(run, name, given);
    return;
  }
  run.state = withDecision(run.state, {
    at: timestamp(Date.now()),
    what: `${name} was refused (${refusal.code})`,
    by: given.by,
    via: given.via,
    reason: refusal.message,
  });
  run.changed();
}

/** Answers once it is clear what the release does: the caller gets the first step, or a typed refusal. */
async function start(run: Run, request: StartRequest): Promise<Answer> {
  const before = run.state.revision;
  run.refusal = undefined;
  run.request = request;
  run.nudge(undefined);
  run.changed();
  // Taken up, looked at, and decided on once more: then it is known whether there is anything to release.
  await condition(() => run.refusal !== undefined || (run.taken === request && run.facts !== undefined && !run.stale));
  const round = run.rounds;
  await condition(() => run.refusal !== undefined || run.ended || run.rounds > round);
  if (run.refusal !== undefined) throw run.refusal;
  if (run.ended || (run.action.do === 'end' && run.action.outcome === 'NothingToDo'))
    throw ApplicationFailure.nonRetryable(whyNothing(run), 'NotWaiting');
  const what = before !== '' && before !== run.state.revision ? 'another version was published' : 'started';
  run.state = withDecision(run.state, {
    at: timestamp(Date.now()),
    what,
    by: request.by,
    via: request.via,
    ...(request.reason === undefined ? {} : { reason: request.reason }),
  });
  return { message: describeStart(run.view()), step: run.state.step, revision: run.state.revision };
}

function whyNothing(run: Run): string {
  const { plan, workload, attached } = run.known;
  if (plan === undefined)
    return attached
      ? `Rollout ${run.label} has no plan that makes sense: ${run.known.problems.map(({ message }) => message).join('; ')}`
      : `there is no Rollout ${run.label} in the cluster, and no plan was given: apply one, or pass it (sluice start -f FILE)`;
  if (workload === undefined)
    return `${plan.workload.kind} ${run.target.namespace}/${plan.workload.name}, which the plan names, is not there: create it, or correct the name`;
  return 'there is nothing to release: the workload runs its template already; change it, or pass new images';
}

function failureOf({ code, message }: Refusal): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, code);
}
