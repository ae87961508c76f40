/** `get`: the live tree of one rollout. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SluiceError } from '../../errors.ts';
import type { Sighting } from '../../read.ts';
import type { Io } from '../io.ts';
import { livePicture } from '../live.ts';
import { type Format, structured } from '../output.ts';
import { type Session, withSluice } from '../session.ts';
import { type CommonOptions, type Place, placeOf } from '../settings.ts';
import { type ClusterObjects, nothing } from '../tree/objects.ts';
import { renderTree, type TreeInput } from '../tree/tree.ts';
import { kubectlFor, objectsOf, sighting } from './cluster.ts';

export type GetOptions = CommonOptions & { readonly watch?: boolean; readonly output?: Format };

/** Prints the tree once, or follows it. Throws `NoSuchRelease` when neither Temporal nor the cluster knows the name. */
export async function get(io: Io, rollout: string, options: GetOptions): Promise<void> {
  const place = await placeOf(rollout, options, io.env);
  if (options.output !== undefined && options.watch === true) {
    throw new SluiceError('BadInput', 'get: -w draws the tree; leave out -o, or -w.');
  }
  await withSluice(io, options, async (session) => {
    const seen = await sighting(session, place);
    if (options.output !== undefined) return io.out(structured(known(seen, place), options.output));
    const run = kubectlFor(session, options, io.env);
    const objects = await objectsOf(run, place, seen);
    if (seen === undefined && objects.rollout === undefined) known(seen, place);
    const first = input(place, seen, objects);
    if (options.watch !== true) return io.out(`${renderTree(first, io.now(), style(io, options))}\n`);
    await follow(io, session, options, first);
  });
}

function known(seen: Sighting | undefined, { namespace, name }: Place): unknown {
  if (seen !== undefined) return seen.view ?? { ...seen.summary, trouble: seen.trouble?.message };
  throw new SluiceError(
    'NoSuchRelease',
    `rollout ${namespace}/${name}: neither Temporal nor the cluster knows a rollout of that name. \`sluice list --all-namespaces --all\` shows those that Temporal knows.`,
  );
}

function input(place: Place, seen: Sighting | undefined, objects: ClusterObjects): TreeInput {
  return { ...place, objects, ...(seen && { seen }) };
}

function style(io: Io, { color }: CommonOptions) {
  return { color: color && io.tty, width: io.tty ? io.size().columns : Number.POSITIVE_INFINITY };
}

/** Looks at the release twice a second and at the cluster once; what did not change is not drawn. */
async function follow(io: Io, session: Session, options: GetOptions, first: TreeInput): Promise<void> {
  const { namespace, name } = first;
  const place = { namespace, name };
  const signal = io.interrupted();
  const run = kubectlFor(session, options, io.env);
  let current = first;
  const picture = livePicture(
    io,
    () => renderTree(current, io.now(), style(io, options)),
    () => JSON.stringify(stable(current)),
  );
  const show = (change: Partial<TreeInput>) => {
    current = { ...current, ...change };
    picture.draw();
  };
  const objects = async () => {
    while (!signal.aborted) {
      show({ objects: await objectsOf(run, place, current.seen) });
      await sleep(1000, undefined, { signal }).catch(() => undefined);
    }
  };
  const release = async () => {
    while (!signal.aborted) {
      try {
        for await (const seen of session.sluice.watch(place, { signal, follow: true })) show({ seen });
      } catch {
        // No release yet, or Temporal is away for a moment: the picture stays, and so do we.
        await sleep(1000, undefined, { signal }).catch(() => undefined);
      }
    }
  };
  picture.draw();
  try {
    await Promise.all([objects(), release()]);
  } finally {
    picture.end();
  }
}

/** What counts as a change where only changes are printed: not the ages, nor counters that move by themselves. */
function stable({ seen, objects }: TreeInput): unknown {
  return [
    seen?.summary.runId,
    seen?.summary.status,
    seen?.view ?? seen?.summary,
    seen?.trouble?.code,
    objects ?? nothing,
  ].map(withoutVersions);
}

function withoutVersions(value: unknown): unknown {
  const skipped = new Set([
    'resourceVersion',
    'managedFields',
    'lastProbeTime',
    'lastUpdateTime',
    'observedGeneration',
    'generation',
  ]);
  return JSON.parse(JSON.stringify(value ?? null, (key, inner) => (skipped.has(key) ? undefined : inner)));
}
