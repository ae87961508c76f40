/** approve, pause, resume, abort, retry, undo, jump: one line back. */
import type { Answer, CommandName } from '../../../domain/commands.ts';
import type { CommandOptions } from '../../command.ts';
import { SluiceError } from '../../errors.ts';
import type { SluiceClient } from '../../sluice.ts';
import type { Io } from '../io.ts';
import { withSluice } from '../session.ts';
import { type CommonOptions, deciderOf, placeOf } from '../settings.ts';
import { clean } from '../text.ts';

export type DecideOptions = CommonOptions & {
  readonly by?: string;
  readonly reason?: string;
  readonly step?: string;
  readonly revision?: string;
};

/** Gives one command and prints the release's answer. */
export async function decide(
  io: Io,
  name: CommandName,
  rollout: string,
  options: DecideOptions,
  to?: string,
): Promise<void> {
  const step = stepNumber('--step', options.step);
  const target = stepNumber('STEP', to);
  const [place, by] = await Promise.all([placeOf(rollout, options, io.env), deciderOf(options.by, io.env)]);
  const { reason, revision } = options;
  const command: CommandOptions = {
    by,
    ...(reason && { reason }),
    ...(revision && { revision }),
    ...(step !== undefined && { step }),
  };
  const answer = await withSluice(io, options, ({ sluice }) => tell(sluice, name, place, command, target));
  io.out(`${answerLine(place, answer)}\n`);
}

function tell(
  sluice: SluiceClient,
  name: CommandName,
  place: { namespace: string; name: string },
  options: CommandOptions,
  to?: number,
): Promise<Answer> {
  if (name !== 'jump') return sluice[name](place, options);
  if (to === undefined) throw new SluiceError('BadInput', 'jump: say which step.');
  return sluice.jump(place, to, options);
}

/** `rollout default/echoserver approved: …` */
export function answerLine({ namespace, name }: { namespace: string; name: string }, { message }: Answer): string {
  const of = `${namespace}/${name}`;
  return message.includes(of) ? clean(message) : `rollout ${of} ${clean(message)}`;
}

/** A step as people count them. Throws `BadInput`. */
export function stepNumber(what: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new SluiceError('BadInput', `${what} must be the number of a step, counted from 1, not "${text}".`);
}
