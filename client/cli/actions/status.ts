/** `status`: for CI. Follows a release to its end, and says by its exit code how that was. */
import { SluiceError } from '../../errors.ts';
import type { Sighting } from '../../read.ts';
import { exits } from '../exit.ts';
import type { Io } from '../io.ts';
import { withSluice } from '../session.ts';
import { type CommonOptions, type Place, placeOf } from '../settings.ts';
import { clean } from '../text.ts';
import { parseSpan, span } from '../time.ts';
import { progressOf, type Status, statusOf } from '../tree/status.ts';

export type StatusOptions = CommonOptions & { readonly timeout?: string; readonly watch?: boolean | string };

/** Prints a line per change and returns the exit code; throws `Timeout` and `NoSuchRelease`. */
export async function status(io: Io, rollout: string, options: StatusOptions): Promise<number> {
  const timeout = options.timeout === undefined ? undefined : parseSpan(options.timeout);
  const place = await placeOf(rollout, options, io.env);
  return await withSluice(io, options, async ({ sluice }) => {
    if (options.watch === false) return once(io, place, await sluice.look(place));
    const late = new AbortController();
    const timer = timeout === undefined ? undefined : setTimeout(() => late.abort(), timeout);
    const stop = io.interrupted();
    let last: Sighting | undefined;
    let line = '';
    try {
      for await (const seen of sluice.watch(place, { signal: AbortSignal.any([late.signal, stop]) })) {
        last = seen;
        const next = statusLine(place, seen);
        if (next !== line) io.out(`${next}\n`);
        line = next;
        const { verdict } = statusOf(seen);
        if (seen.trouble === undefined && verdict !== 'open') return codeOf(verdict);
        if (seen.summary.status !== 'Running') return codeOf(verdict);
      }
    } finally {
      clearTimeout(timer);
    }
    if (stop.aborted) return exits.interrupted.code;
    throw new SluiceError(
      'Timeout',
      `rollout ${place.namespace}/${place.name}: not ended within ${span(timeout ?? 0)}. ${last === undefined ? '' : advice(last)}`.trim(),
    );
  });
}

function once(io: Io, place: Place, seen: Sighting): number {
  io.out(`${statusLine(place, seen)}\n`);
  return codeOf(statusOf(seen).verdict);
}

function codeOf(verdict: Status['verdict']): number {
  return verdict === 'good' ? exits.done.code : verdict === 'bad' ? exits.refused.code : exits.timeout.code;
}

/** `rollout default/echoserver: step 2/4, 40 %, waits for approval of step 2` */
export function statusLine({ namespace, name }: Place, seen: Sighting): string {
  const { view, summary, trouble } = seen;
  const head = `rollout ${namespace}/${name}:`;
  const { word } = statusOf(seen);
  if (summary.status !== 'Running')
    return clean(
      `${head} ${word.toLowerCase()}: ${summary.failure ?? summary.result?.message ?? view?.message ?? ''}`,
    ).replace(/:$/, '');
  if (view === undefined) return clean(`${head} under way; ${trouble?.message ?? 'no worker answers'}`);
  const silent = trouble === undefined ? '' : ` (as last seen: ${trouble.message})`;
  const bad = view.failing || view.aborted ? `${word.toLowerCase()}, ` : '';
  return clean(
    `${head} ${progressOf(view).replace(/^at /, '')}, ${view.traffic} %, ${bad}waits for ${view.awaited.what}${silent}`,
  );
}

function advice({ view }: Sighting): string {
  if (view === undefined) return 'No worker answered.';
  return `It is ${progressOf(view)} and waits for ${clean(view.awaited.what)}.`;
}
