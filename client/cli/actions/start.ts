/** `start`: a release from a file, or of another image. */
import { SluiceError } from '../../errors.ts';
import type { Io } from '../io.ts';
import { withSluice } from '../session.ts';
import { type CommonOptions, deciderOf, namespaceOf, placeOf } from '../settings.ts';
import { answerLine } from './decide.ts';
import { get } from './get.ts';

export type StartCliOptions = CommonOptions & {
  readonly filename?: string;
  readonly setImage?: readonly string[];
  readonly watch?: boolean;
  readonly by?: string;
  readonly reason?: string;
};

/** Starts or retargets a release, prints the answer, and with --watch follows it. */
export async function start(io: Io, rollout: string | undefined, options: StartCliOptions): Promise<void> {
  const images = imagesOf(options.setImage ?? []);
  if (options.filename === undefined && rollout === undefined) {
    throw new SluiceError(
      'BadInput',
      'start: say what to release: -f FILE with a Rollout in it, or the NAME of one in the cluster.',
    );
  }
  const read =
    options.filename === undefined
      ? undefined
      : await (await import('../../rollout.ts')).readRolloutFile(options.filename);
  const named = rollout === undefined ? undefined : await placeOf(rollout, options, io.env);
  const namespace = named?.namespace ?? options.namespace ?? read?.namespace ?? (await namespaceOf(options, io.env));
  const name = named?.name ?? (read?.name as string);
  if (named !== undefined && read !== undefined && read.name !== named.name) {
    throw new SluiceError(
      'BadInput',
      `start: the Rollout in ${options.filename} is called "${read.name}", not "${named.name}": leave out the NAME.`,
    );
  }
  if (options.namespace !== undefined && read?.namespace !== undefined && read.namespace !== options.namespace) {
    throw new SluiceError(
      'BadInput',
      `start: the Rollout in ${options.filename} is in namespace "${read.namespace}", not "${options.namespace}".`,
    );
  }
  for (const warning of read?.warnings ?? []) io.err(`${warning}\n`);
  const by = await deciderOf(options.by, io.env);
  await withSluice(io, options, async ({ sluice }) => {
    const { reason } = options;
    const started = await sluice.start({
      namespace,
      name,
      by,
      images,
      ...(read && { plan: read.plan }),
      ...(reason && { reason }),
    });
    io.out(`${answerLine({ namespace, name }, started)}\n`);
  });
  if (options.watch === true) await get(io, name, { ...options, namespace, watch: true });
}

/** `container=image`, as often as wanted. Throws `BadInput`. */
export function imagesOf(pairs: readonly string[]): Record<string, string> {
  const images: Record<string, string> = {};
  for (const pair of pairs) {
    const match = /^([a-z0-9]([-a-z0-9]*[a-z0-9])?)=(\S+)$/.exec(pair);
    if (match === null)
      throw new SluiceError(
        'BadInput',
        `--set-image wants container=image, such as main=echoserver:1.10.3, not "${pair}".`,
      );
    const [, container = '', , image = ''] = match;
    if (images[container] !== undefined)
      throw new SluiceError('BadInput', `--set-image names container "${container}" twice.`);
    images[container] = image;
  }
  return images;
}
