/** Bringing a release to its end, one step at a time; the order is domain/finalise.ts's. */
import type { Brought } from '../domain/done.ts';
import { promotes } from '../domain/finalise.ts';
import type { Plan, Routing } from '../domain/plan.ts';
import type { FinaliseReason, FinaliseStep, Version } from '../domain/release.ts';
import { contextOf, settle } from './context.ts';
import type { Kube } from './kube/kube.ts';
import type { ProjectRequest } from './project.ts';
import { restoreRoutes } from './routes/registry.ts';
import { removeCanaryService, restoreStableService, waitForEndpoints } from './routes/services.ts';
import type { Waiting } from './waiting.ts';
import { canaryPodNames, removeCanaries } from './workloads/deployment.ts';
import { putBack, resume } from './workloads/hold.ts';
import { canaryPodsLeft } from './workloads/leaving.ts';

export type FinaliseRequest = {
  readonly namespace: string;
  readonly name: string;
  readonly plan?: Plan;
  readonly stable?: Version;
  readonly revision: string;
  readonly reason: FinaliseReason;
  readonly step: FinaliseStep;
  readonly show?: ProjectRequest;
};

/** Carries out one step. Idempotent: a second try after a lost answer changes nothing more. */
export async function finaliseStep(kube: Kube, request: FinaliseRequest, waiting: Waiting): Promise<Brought> {
  const { namespace, plan, stable } = request;
  if (plan === undefined) return {};
  const workload = plan.workload.name;
  const forward = promotes(request.reason);
  const expected = forward ? [request.revision] : [stable?.revision ?? request.revision];
  switch (request.step) {
    case 'restoreStableService':
      if (!forward) await canaryPodsLeft(kube, namespace, workload, waiting);
      await Promise.all(plan.routings.map(({ service }) => restoreStableService(kube, namespace, service)));
      return {};
    case 'routeToStable':
      await Promise.all(
        plan.routings.map(async (routing) => {
          const seen = await isSeenToLeave(kube, namespace, routing);
          await restoreRoutes(contextOf(kube, { namespace, plan }, routing, undefined, waiting));
          const unseen = forward || seen ? 0 : unseenGrace;
          await settle(routing.gracePeriodSeconds ?? unseen, waiting.signal);
        }),
      );
      return {};
    case 'removeCanaryService':
      await Promise.all(plan.routings.map(({ service }) => removeCanaryService(kube, namespace, service)));
      return {};
    case 'putBack':
      if (stable !== undefined) await putBack(kube, namespace, workload, stable.podTemplateHash);
      return {};
    case 'resumeWorkload':
      // A release that is taken away must not keep its Rollout for an owner's pause.
      await resume(kube, namespace, workload, expected, waiting, request.reason === 'Success');
      return {};
    case 'releaseWorkload':
      if (forward) await carriesItself(kube, namespace, plan, waiting);
      await removeCanaries(kube, namespace, workload, waiting.signal);
      return {};
  }
}

/**
 * Seconds between a canary Ingress's end and that of its pods, where the user wrote no grace: nothing tells when its
 * controller has taken it in, and ingress-nginx does so at most every three seconds.
 */
const unseenGrace = 3;

/** False while there is a canary Ingress, whose end its controller does not confirm. */
async function isSeenToLeave(kube: Kube, namespace: string, { ingress }: Routing): Promise<boolean> {
  return ingress === undefined || (await kube.read('ingresses', namespace, `${ingress.name}-canary`)) === undefined;
}

/** Resolves when the stable Services send requests to as many pods of the workload itself as it has available. */
async function carriesItself(kube: Kube, namespace: string, plan: Plan, waiting: Waiting): Promise<void> {
  const deployment = await kube.read('deployments', namespace, plan.workload.name);
  const wanted = deployment?.status?.availableReplicas ?? 0;
  const canary = await canaryPodNames(kube, namespace, plan.workload.name);
  for (const routing of plan.routings) {
    const context = contextOf(kube, { namespace, plan }, routing, undefined, waiting);
    await waitForEndpoints(
      context,
      routing.service,
      (ready) => ready.filter(({ pod }) => !canary.has(pod)).length >= wanted,
      (ready) =>
        `Service ${namespace}/${routing.service} has ${ready.length} ready endpoints, fewer than the ${wanted} pods of the workload`,
    );
  }
}
