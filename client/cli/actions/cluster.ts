/** What is seen of a rollout, from both sides: the release from Temporal, the objects from kubectl. */
import type { Plan } from '../../../domain/plan.ts';
import { isSluiceError } from '../../errors.ts';
import type { Sighting } from '../../read.ts';
import { type Kubectl, kubectl, readObjects, readRolloutObject } from '../kubectl.ts';
import type { Session } from '../session.ts';
import type { CommonOptions, Place } from '../settings.ts';
import type { ClusterObjects, Rollout } from '../tree/objects.ts';

/** kubectl for the cluster that goes with the connection: the embedded stack's own, where that is in use. */
export function kubectlFor(
  { connected }: Session,
  options: CommonOptions,
  env: { readonly KUBECONFIG?: string },
): Kubectl {
  const { stack } = connected;
  const own =
    stack !== undefined && options.kubeconfig === undefined && options.context === undefined && !env.KUBECONFIG;
  if (own) return kubectl({ path: stack.kubectl, kubeconfig: stack.kubeconfig });
  return kubectl({ context: options.context, kubeconfig: options.kubeconfig });
}

/** The newest release; undefined when there never was one. */
export async function sighting({ sluice }: Session, place: Place): Promise<Sighting | undefined> {
  try {
    return await sluice.look(place);
  } catch (error) {
    if (isSluiceError(error) && error.code === 'NoSuchRelease') return undefined;
    throw error;
  }
}

/** The cluster's side of a release, or of an idle Rollout. Never throws: what cannot be read is among the problems. */
export async function objectsOf(run: Kubectl, place: Place, seen: Sighting | undefined): Promise<ClusterObjects> {
  const view = seen?.view;
  const reading = readRolloutObject(run, place);
  // A release that has not understood its plan yet shows an empty one.
  const known = view !== undefined && view.plan.workload.name !== '' ? view.plan : undefined;
  const plan = known ?? (await planOf((await reading).rollout));
  const [{ rollout, problems }, objects] = await Promise.all([reading, readObjects(run, { ...place, plan })]);
  return { ...objects, ...(rollout && { rollout }), problems: [...new Set([...problems, ...objects.problems])] };
}

async function planOf(rollout: Rollout | undefined): Promise<Plan | undefined> {
  if (rollout === undefined) return undefined;
  const { parseRollout } = await import('../../../spec/rollout.ts');
  return parseRollout(rollout).plan;
}
