/** Telling a release something, bound to what its author saw. */
import { randomUUID } from 'node:crypto';
import type { Answer, Command, CommandName } from '../domain/commands.ts';
import { type Target, updates } from '../workflows/messages.ts';
import { type Context, handleOf, naming, type TargetRef, targetOf, within } from './context.ts';
import { isSluiceError, SluiceError } from './errors.ts';
import { toSluiceError } from './mapping.ts';
import { attemptOn, describe, get } from './read.ts';

/** Who gives a command, why, and for which step and revision it is meant. */
export type CommandOptions = {
  readonly by: string;
  readonly reason?: string;
  /** 1-based. Left out, an approval is bound to the step the release is at when it is asked, just before. */
  readonly step?: number;
  /** Left out, a command is bound to the revision that is being released when it is asked, just before. */
  readonly revision?: string;
  /** Give the same ID again to repeat a command of unknown fate: it is applied once. Default: a new one. */
  readonly requestId?: string;
};

/** Sends one command and returns the release's answer. Throws its refusal, `NotRunning`, `NoSuchRelease`, `NoWorker`, … */
export async function command(
  context: Context,
  name: CommandName,
  ref: TargetRef,
  options: CommandOptions & { readonly to?: number },
): Promise<Answer> {
  const target = targetOf(context, ref);
  if (options.by.trim() === '') throw new SluiceError('BadInput', `${name}: \`by\` must say who decides.`);
  const bound = await bind(context, name, target, options);
  const { requestId = randomUUID(), by, reason, to } = options;
  const message: Command = {
    by,
    via: context.via,
    ...bound,
    ...(reason && { reason }),
    ...(to !== undefined && { to }),
  };
  try {
    const call = () => handleOf(context, target).executeUpdate(updates[name], { args: [message], updateId: requestId });
    return await within(context, context.commandTimeout, call);
  } catch (error) {
    throw await ended(
      context,
      target,
      toSluiceError(error, attemptOn(context, target, 'command', context.commandTimeout)),
    );
  }
}

/**
 * Only an approval belongs to a step. Whoever aborts or pauses means the release, and must not be turned away because a
 * timed step passed while they were typing.
 */
async function bind(
  context: Context,
  name: CommandName,
  target: Target,
  { step, revision }: CommandOptions,
): Promise<Pick<Command, 'step' | 'revision'>> {
  const needsStep = name === 'approve' && step === undefined;
  if (!needsStep && revision !== undefined) return { revision, ...(step !== undefined && { step }) };
  const seen = await get(context, target);
  if (seen.outcome !== undefined) throw await ended(context, target, notRunning(target));
  return {
    ...((step ?? (needsStep ? seen.step : undefined)) !== undefined && { step: step ?? seen.step }),
    ...((revision ?? seen.canaryRevision) !== '' && { revision: revision ?? seen.canaryRevision }),
  };
}

/** "It has ended" is worth saying how and when. */
async function ended(context: Context, target: Target, error: SluiceError): Promise<SluiceError> {
  if (error.code !== 'NotRunning' && error.code !== 'NoWorker') return error;
  try {
    const summary = await describe(context, target);
    if (summary.status === 'Running') return error;
    return new SluiceError('NotRunning', notRunning(target, summary.endedAt).message, { summary, cause: error });
  } catch (other) {
    return isSluiceError(other) && other.code === 'NoSuchRelease' ? other : error;
  }
}

function notRunning(target: Target, endedAt?: string): SluiceError {
  const when = endedAt === undefined ? '' : ` (the last one ended at ${endedAt.replace(/\.\d+Z$/, 'Z')})`;
  return new SluiceError(
    'NotRunning',
    `${naming(target)}: no release is under way${when}. \`sluice history ${target.name} -n ${target.namespace}\` shows how it went.`,
  );
}
