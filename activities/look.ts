/** Seeing what a release must know of the cluster, from local copies where they are in step. */
import type { Projected, Wish } from '../domain/input.ts';
import type { Plan } from '../domain/plan.ts';
import type { Problem } from '../domain/problems.ts';
import type { Facts } from '../domain/release.ts';
import { parseRollout } from '../spec/rollout.ts';
import type { Kube } from './kube/kube.ts';
import type { RolloutObject } from './kube/objects.ts';
import { type Input, inputIn } from './project.ts';
import type { Split } from './routes/provider.ts';
import { checkRoutes, routesDrifted } from './routes/registry.ts';
import { checkService, servicesDrifted } from './routes/services.ts';
import { canaryDrifted, canaryOf, lookAtDeployment } from './workloads/deployment.ts';

/** How the release left the cluster: what is not so any more has been changed by somebody else. */
export type Expected = {
  readonly revision: string;
  readonly pods: number;
  readonly stableHash: string;
  readonly canaryHash: string;
  /** What the routes send to the new version now; absent when nothing. */
  readonly split?: Split;
};

export type LookRequest = {
  readonly namespace: string;
  readonly name: string;
  /** resourceVersions below which a local copy is not believed. */
  readonly atLeast?: { readonly rollout?: string; readonly workload?: string };
  /** The plan a client started the release with; a Rollout object's own goes before it. */
  readonly plan?: Plan;
  /** The plan a release under way began with: what it is about stays known when its object makes no sense, or is gone. */
  readonly begun?: Plan;
  readonly projected?: Projected;
  /** The wish in the status that was acted on since. */
  readonly taken?: Wish;
  /** Look for what would keep a release from beginning. */
  readonly checking: boolean;
  readonly expected?: Expected;
};

export async function look(kube: Kube, request: LookRequest): Promise<Facts> {
  const { namespace, name } = request;
  const rollout = await kube.read('rollouts', namespace, name, request.atLeast?.rollout).catch(absentKind);
  const parsed = rollout === undefined ? undefined : parseRollout(rollout);
  const plan = parsed === undefined ? request.plan : parsed.plan;
  const target = plan ?? request.plan ?? request.begun;
  const seen =
    target === undefined
      ? undefined
      : await lookAtDeployment(kube, namespace, target.workload.name, request.atLeast?.workload);
  const revision = request.expected?.revision ?? seen?.workload.revision ?? '';
  const canary = target === undefined ? undefined : await canaryOf(kube, namespace, target.workload.name, revision);
  const problems: Problem[] = [...(parsed?.problems ?? [])];
  if (request.checking && plan !== undefined) problems.push(...(await obstacles(kube, namespace, plan)));
  const input: Input | undefined =
    rollout === undefined ? undefined : inputIn(rollout, request.projected, request.taken);
  return {
    ...(plan === undefined ? {} : { plan }),
    problems,
    switches: parsed?.switches ?? { paused: false, disabled: false, deleting: false },
    attached: rollout !== undefined,
    shownPhase: typeof rollout?.status?.phase === 'string' ? rollout.status.phase : '',
    generation: rollout?.metadata.generation ?? 0,
    ...(seen === undefined ? {} : { workload: seen.workload }),
    ...(canary === undefined
      ? {}
      : {
          canary: {
            name: canary.metadata.name,
            desired: canary.spec.replicas ?? 1,
            updated: canary.status?.updatedReplicas ?? 0,
            ready: canary.status?.availableReplicas ?? 0,
          },
        }),
    drifted:
      request.expected !== undefined &&
      plan !== undefined &&
      // With no pod left to answer them, requests must go back: what was routed is not as it should be.
      ((request.expected.split !== undefined && request.expected.pods > 0 && !canary?.status?.availableReplicas) ||
        (await canaryDrifted(kube, canary, seen?.object, { ...request.expected, podMetadata: plan.podMetadata })) ||
        (await routesOrServicesDrifted(kube, namespace, plan, request.expected))),
    ...(input === undefined ? {} : { input }),
  };
}

/** What would keep a release by this plan from beginning: Services and routes that are not there or not usable. */
export async function obstacles(kube: Kube, namespace: string, plan: Plan): Promise<Problem[]> {
  const found: Problem[] = [];
  for (const routing of plan.routings) {
    found.push(...(await checkService(kube, namespace, routing.service, !plan.disableGenerateCanaryService)));
    found.push(...(await checkRoutes(kube, namespace, routing, plan.steps)));
  }
  return found;
}

async function routesOrServicesDrifted(
  kube: Kube,
  namespace: string,
  plan: Plan,
  expected: Expected,
): Promise<boolean> {
  for (const routing of plan.routings) {
    if (await servicesDrifted(kube, namespace, routing, plan, expected)) return true;
    if (expected.split !== undefined && (await routesDrifted(kube, namespace, routing, plan, expected.split)))
      return true;
  }
  return false;
}

/** A cluster without the Rollout kind has no Rollouts: releases in it are started by clients. */
function absentKind(error: unknown): RolloutObject | undefined {
  if ((error as { status?: number }).status === 404) return undefined;
  throw error;
}
