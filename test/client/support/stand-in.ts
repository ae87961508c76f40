/**
 * A stand-in for the release workflow: the same name and messages, and a view that the test writes. What the real one
 * decides is not its business; how the client speaks with a workflow is.
 */
import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  defineSignal,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Answer, Command, CommandName, Decision } from '../../../domain/commands.ts';
import type { Outcome, ReleaseResult, ReleaseView } from '../../../domain/view.ts';
import { type ReleaseInput, retargetUpdate, statusQuery, updates } from '../../../workflows/messages.ts';
import { waiting } from './views.ts';

/** Changes the view; `outcome` ends the release. */
export const set = defineSignal<[Partial<ReleaseView>]>('set');
/** Ends the workflow as a failed one. */
export const fail = defineSignal<[string]>('fail');

export async function release(input: ReleaseInput): Promise<ReleaseResult> {
  const { workflowId, runId } = workflowInfo();
  let failure: string | undefined;
  let view: ReleaseView = { ...waiting, ...input, workflowId, runId, decisions: [] };
  const decided = (what: string, by: string, via: Decision['via'], reason?: string): Answer => {
    const at = new Date().toISOString();
    const decision: Decision = {
      at,
      what,
      by,
      via,
      step: view.step,
      revision: view.canaryRevision,
      ...(reason && { reason }),
    };
    view = { ...view, decisions: [...view.decisions, decision] };
    return { message: `${what}: ${view.awaited.next}`, step: view.step, revision: view.canaryRevision };
  };
  setHandler(statusQuery, () => view);
  setHandler(set, (change) => {
    view = { ...view, ...change };
  });
  setHandler(fail, (message) => {
    failure = message;
  });
  setHandler(retargetUpdate, (request) => {
    if (request.plan !== undefined) view = { ...view, plan: request.plan, steps: request.plan.steps.length };
    const images = Object.values(request.change?.images ?? {});
    if (images.length > 0) view = { ...view, images: { ...view.images, canary: images } };
    return decided('started', request.by, request.via, request.reason);
  });
  for (const name of Object.keys(updates) as CommandName[]) {
    setHandler(
      updates[name],
      (command: Command) => decided(what(name, command), command.by, command.via, command.reason),
      {
        validator: (command: Command) => {
          const message = refusal(name, command, view);
          if (message !== undefined) throw ApplicationFailure.nonRetryable(message[1], message[0]);
        },
      },
    );
  }
  await condition(() => view.outcome !== undefined || failure !== undefined);
  await condition(allHandlersFinished);
  if (failure !== undefined) throw ApplicationFailure.nonRetryable(failure, 'Broken');
  const { stableRevision, canaryRevision, decisions } = view;
  return { outcome: view.outcome as Outcome, message: view.message, stableRevision, canaryRevision, decisions };
}

function what(name: CommandName, { to }: Command): string {
  return name === 'jump' ? `jumped to step ${to}` : `${name}d`;
}

function refusal(name: CommandName, command: Command, view: ReleaseView): [string, string] | undefined {
  if (command.step !== undefined && command.step !== view.step)
    return ['OtherStep', `this was meant for step ${command.step}; the release is at step ${view.step} now`];
  if (command.revision !== undefined && command.revision !== view.canaryRevision)
    return [
      'OtherRevision',
      `this was meant for revision ${command.revision}; the release is of ${view.canaryRevision} now`,
    ];
  if (name === 'resume' && !view.paused) return ['NotPaused', 'the release is not paused'];
  if (name === 'jump' && (command.to ?? 0) > view.steps) return ['NoSuchStep', `there is no step ${command.to}`];
  if (name === 'undo') return ['BrandNew', 'a code that this client has never heard of'];
  return undefined;
}
