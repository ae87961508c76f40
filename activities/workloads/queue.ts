/**
 * Two versions at once are one too many to release a third: requests can be divided between stable and new only if
 * there is one stable version. So the one that is still rolling out is finished first, and the held one waits its turn,
 * kept in an annotation: whoever looks at the workload, or takes over after a crash, finds it there.
 */
import { keys } from '../keys.ts';
import { isStatus, KubeError } from '../kube/errors.ts';
import type { Kube } from '../kube/kube.ts';
import type { Deployment, PodTemplate } from '../kube/objects.ts';
import type { Waiting } from '../waiting.ts';
import { lookAtDeployment } from './deployment.ts';
import { replacing, resume, templateOf } from './hold.ts';
import { revisionOf } from './template.ts';

export type QueueRequest = { readonly namespace: string; readonly name: string; readonly rolloutName: string };

/** Finishes the newest version that has pods, then puts the held one back in its place, held. Idempotent. */
export async function finishOlder(kube: Kube, request: QueueRequest, waiting: Waiting): Promise<void> {
  const { namespace, name } = request;
  const seen = await lookAtDeployment(kube, namespace, name);
  if (seen === undefined) return;
  let queued = queuedTemplate(seen.object);
  if (queued === undefined) {
    const newest = seen.workload.older.at(-1);
    if (newest === undefined || seen.workload.older.length < 2) return;
    queued = seen.object.spec.template;
    const older = await templateOf(kube, seen.object, newest.podTemplateHash);
    await write(kube, seen.object, {
      metadata: { annotations: { [keys.queuedTemplate]: JSON.stringify(queued) } },
      spec: { paused: true, template: replacing(queued, older) },
    });
  }
  const live = await kube.get('deployments', namespace, name);
  if (live === undefined) return;
  const finishing = revisionOf(live.spec.template);
  const rolled = await resume(kube, namespace, name, [finishing], waiting);
  await putQueued(kube, request, rolled ? { template: queued, after: finishing } : undefined);
}

/** The version that waits for its turn. */
export function queuedTemplate(object: Deployment): PodTemplate | undefined {
  const text = object.metadata.annotations?.[keys.queuedTemplate];
  return text === undefined ? undefined : (JSON.parse(text) as PodTemplate);
}

/** Another version that was published meanwhile is held, and counts instead of the queued one. */
async function putQueued(
  kube: Kube,
  { namespace, name, rolloutName }: QueueRequest,
  queued: { readonly template: PodTemplate; readonly after: string } | undefined,
): Promise<void> {
  for (;;) {
    const object = await kube.get('deployments', namespace, name);
    if (object === undefined || queuedTemplate(object) === undefined) return;
    const template = revisionOf(object.spec.template) === queued?.after ? queued.template : undefined;
    const change =
      template === undefined
        ? { metadata: { annotations: { [keys.queuedTemplate]: null } } }
        : {
            metadata: {
              annotations: { [keys.queuedTemplate]: null, [keys.inProgressing]: JSON.stringify({ rolloutName }) },
            },
            spec: { paused: true, template: replacing(object.spec.template, template) },
          };
    try {
      await write(kube, object, change);
      return;
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
    }
  }
}

async function write(kube: Kube, { metadata }: Deployment, change: Record<string, unknown>): Promise<void> {
  const { name, namespace, resourceVersion } = metadata;
  if (namespace === undefined) throw new KubeError(`Deployment ${name} has no namespace`, 422, 'Invalid');
  await kube.patch('deployments', namespace, name, change, { resourceVersion });
}
