/** `explain`: what a release waits for, since when, what is next, and what you can do about it. */
import type { CommandName } from '../../../domain/commands.ts';
import type { ReleaseView } from '../../../domain/view.ts';
import { SluiceError } from '../../errors.ts';
import type { Sighting } from '../../read.ts';
import type { Io } from '../io.ts';
import { type Format, structured } from '../output.ts';
import { withSluice } from '../session.ts';
import { type CommonOptions, type Place, placeOf } from '../settings.ts';
import { clean, type Paint, pad, painter, widthOf, wrap } from '../text.ts';
import { age, away, clock } from '../time.ts';
import type { Rollout } from '../tree/objects.ts';
import { progressOf, statusOf } from '../tree/status.ts';
import { kubectlFor, sighting } from './cluster.ts';

/** Prints the explanation. Throws `NoSuchRelease` when neither Temporal nor the cluster knows the name. */
export async function explain(
  io: Io,
  rollout: string,
  options: CommonOptions & { readonly output?: Format },
): Promise<void> {
  const place = await placeOf(rollout, options, io.env);
  await withSluice(io, options, async (session) => {
    const seen = await sighting(session, place);
    const object = seen === undefined ? await rolloutObject(session, place, options, io) : undefined;
    if (seen === undefined && object === undefined) {
      throw new SluiceError(
        'NoSuchRelease',
        `rollout ${place.namespace}/${place.name}: neither Temporal nor the cluster knows a rollout of that name.`,
      );
    }
    if (options.output !== undefined) return io.out(structured(seen ?? object, options.output));
    const style = {
      called: io.called,
      width: io.tty ? io.size().columns : Number.POSITIVE_INFINITY,
      paint: painter(options.color && io.tty),
      scope: scopeOf(place, options),
    };
    io.out(`${explanation(place, seen, object, io.now(), style)}\n`);
  });
}

async function rolloutObject(
  session: Parameters<typeof kubectlFor>[0],
  place: Place,
  options: CommonOptions,
  io: Io,
): Promise<Rollout | undefined> {
  const { readRolloutObject } = await import('../kubectl.ts');
  return (await readRolloutObject(kubectlFor(session, options, io.env), place)).rollout;
}

/** The options that a suggested command needs to mean the same release. */
function scopeOf({ namespace }: Place, { cluster, taskQueue }: CommonOptions): string {
  return `-n ${namespace}${cluster ? ` --cluster ${cluster}` : ''}${taskQueue ? ` --task-queue ${taskQueue}` : ''}`;
}

export type ExplainStyle = {
  readonly called: string;
  readonly width: number;
  readonly paint: Paint;
  readonly scope: string;
};

/** The explanation as text. Pure; `now` in ms since the epoch. */
export function explanation(
  place: Place,
  seen: Sighting | undefined,
  object: Rollout | undefined,
  now: number,
  style: ExplainStyle,
): string {
  const of = `rollout ${place.namespace}/${place.name}`;
  const facts: [string, string][] = [];
  let head: string;
  if (seen === undefined) {
    head = `${of} is ${object?.status?.phase ?? 'idle'}: no release is under way, and none is on record.`;
    if (object?.status?.message) facts.push(['message', object.status.message]);
  } else if (seen.summary.status !== 'Running') {
    head = `${of}: no release is under way. The last one: ${statusOf(seen).word.toLowerCase()}${seen.summary.endedAt ? `, ${away(seen.summary.endedAt, now)}` : ''}.`;
    const message = seen.summary.failure ?? seen.summary.result?.message;
    if (message) facts.push(['message', message]);
  } else if (seen.view === undefined) {
    head = `${of}: a release is under way since ${clock(seen.summary.startedAt, now)}, and nobody can say how it stands.`;
    if (seen.summary.step !== undefined) facts.push(['last seen', `step ${seen.summary.step}`]);
    if (seen.trouble) facts.push(['because', seen.trouble.message]);
  } else {
    head = `${of} is ${progressOf(seen.view)}${share(seen.view)}: ${statusOf(seen).word.toLowerCase()}.`;
    facts.push(...waitFacts(seen.view, now));
    if (seen.summary.retrying) facts.push(['trouble', seen.summary.retrying]);
  }
  const lines = [style.paint('bold', clean(head)), ...facts.flatMap(([label, text]) => fact(label, text, style))];
  const can = suggestions(place, seen, style);
  if (can.length === 0) return lines.join('\n');
  const widest = Math.max(...can.map(([command]) => widthOf(command)));
  return [
    ...lines,
    '',
    'You can',
    ...can.map(([command, effect]) => `  ${style.paint('cyan', pad(command, widest))}  ${effect}`),
  ].join('\n');
}

function share({ plan, step, steps, traffic, reason }: ReleaseView): string {
  if (steps === 0) return '';
  const asked = plan.steps[step - 1]?.traffic;
  const there = reason !== 'InRolling' || asked === undefined || asked === traffic;
  return there ? ` (${traffic} % of requests)` : ` (${traffic} % of requests, on the way to ${asked} %)`;
}

function waitFacts(view: ReleaseView, now: number): [string, string][] {
  const { awaited } = view;
  const last = view.decisions.at(-1);
  const by =
    awaited.by === undefined
      ? 'no limit'
      : `${clock(awaited.by, now)} (${away(awaited.by, now)})${awaited.kind === 'timer' ? '' : ', then it is reported as failing; it is never rolled back by itself'}`;
  const facts: [string, string][] = [
    ['waits for', awaited.what],
    ['since', `${clock(awaited.since, now)} (${age(awaited.since, now)})`],
    ['next', awaited.next],
    ['by', by],
  ];
  if (last !== undefined)
    facts.push([
      'last',
      `${last.what} by ${last.by} (${last.via}) at ${clock(last.at, now)}${last.reason ? `: ${last.reason}` : ''}`,
    ]);
  return facts;
}

function fact(label: string, text: string, { width }: ExplainStyle): string[] {
  return wrap(clean(text), Math.max(30, width - 13)).map(
    (line, index) => `  ${pad(index === 0 ? label : '', 10)} ${line}`,
  );
}

const effects: Record<Exclude<CommandName, 'jump'>, string> = {
  approve: 'end this pause: the release goes on',
  pause: 'hold the release where it is',
  resume: 'let it go on',
  abort: 'send all requests back to the stable version, remove the new pods, and decide later',
  retry: 'begin this step again',
  undo: 'roll back to the stable version, and end the release',
};

function suggestions(place: Place, seen: Sighting | undefined, { called, scope }: ExplainStyle): [string, string][] {
  const line = (command: string, effect: string): [string, string] => [
    `${called} ${command} ${place.name} ${scope}`,
    effect,
  ];
  if (seen === undefined) return [line('start', 'release another version (with --set-image container=image)')];
  if (seen.summary.status !== 'Running') {
    return [
      line('history', 'see how earlier releases went'),
      line('start', 'release another version (with --set-image container=image)'),
    ];
  }
  if (seen.view === undefined) return [[`${called} worker`, 'run a worker here']];
  return possible(seen.view).map((name) =>
    line(name, seen.view?.aborted && name === 'retry' ? 'begin the release again, at its first step' : effects[name]),
  );
}

/** The commands that the release would accept now, the likeliest first. */
export function possible(view: ReleaseView): Exclude<CommandName, 'jump'>[] {
  if (view.outcome !== undefined || view.reason === 'Finalising' || view.phase !== 'Progressing') return [];
  if (view.aborted) return view.reason === 'Cancelling' && view.awaited.kind !== 'decision' ? [] : ['retry', 'undo'];
  if (view.reason === 'Cancelling') return [];
  if (view.reason === 'Initializing') return [view.paused ? 'resume' : 'pause'];
  const commands: Exclude<CommandName, 'jump'>[] = [];
  if (view.paused) commands.push('resume');
  if (view.stepState === 'StepPaused' && !view.paused) commands.push('approve');
  if (!view.paused) commands.push('pause');
  if (view.failing) commands.push('retry');
  return [...commands, 'abort', 'undo'];
}
