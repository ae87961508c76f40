/** The hands of a release: everything its workflow asks of the cluster. */
import type { Client } from '@temporalio/client';
import type { Brought } from '../domain/done.ts';
import { type Plan, toleratedFailures } from '../domain/plan.ts';
import type { Facts, Version } from '../domain/release.ts';
import { contextOf, settle } from './context.ts';
import { type FinaliseRequest, finaliseStep } from './finalise.ts';
import { toFailure } from './kube/errors.ts';
import type { Kube } from './kube/kube.ts';
import type { OwnerReference } from './kube/objects.ts';
import { type LookRequest, look } from './look.ts';
import { type Input, type ProjectRequest, projectStatus } from './project.ts';
import type { Split } from './routes/provider.ts';
import { ensureRoutes } from './routes/registry.ts';
import { ensureCanaryService, pinWhenThere } from './routes/services.ts';
import { interrupt, watching } from './waiting.ts';
import { upgradeCanary } from './workloads/deployment.ts';
import { holdWith } from './workloads/hold.ts';
import { finishOlder, type QueueRequest } from './workloads/queue.ts';

export type Dependencies = { readonly kube: Kube; readonly client: Client };

/** Which release an activity works for. */
export type Scope = {
  readonly namespace: string;
  readonly name: string;
  readonly plan: Plan;
  readonly stable: Version;
  readonly revision: string;
};

export type UpgradeRequest = Scope & { readonly pods: number; readonly show?: ProjectRequest };
export type RouteRequest = Scope & {
  /** New pods the step has: so many endpoints must be ready before requests go to them. */
  readonly pods: number;
  readonly split: Split;
  readonly canaryHash: string;
  readonly show?: ProjectRequest;
};
export type HoldRequest = {
  readonly namespace: string;
  readonly name: string;
  readonly plan: Plan;
  readonly images: Readonly<Record<string, string>>;
};

export type Activities = ReturnType<typeof createActivities>;

/** `Interrupted` is not an outcome: it says that the release stopped this wait itself. */
export type Done<T> = (T & { readonly input?: Input }) | undefined;

export function createActivities({ kube, client }: Dependencies) {
  /** Shows the release while the work goes on: neither waits for the other. */
  async function alongside<T extends object>(
    show: ProjectRequest | undefined,
    work: Promise<T>,
  ): Promise<T & { input?: Input }> {
    const shown = show === undefined ? Promise.resolve(undefined) : projectStatus(kube, show);
    const [brought, input] = await Promise.all([work, shown]);
    return input === undefined ? brought : { ...brought, input };
  }

  return {
    async look(request: LookRequest): Promise<Facts> {
      try {
        return await look(kube, request);
      } catch (error) {
        throw toFailure(error);
      }
    },

    /** Writes the status; answers with the wish found in its place, if there is one. */
    async project(request: ProjectRequest): Promise<Input | undefined> {
      try {
        return await projectStatus(kube, request);
      } catch (error) {
        throw toFailure(error);
      }
    },

    /** Ends waits of this run in this process at once; elsewhere their cancellation comes with the next heartbeat. */
    async wake(runId: string): Promise<void> {
      interrupt(runId);
    },

    /** Changes the images and holds the workload, for a release that a client starts. */
    async hold(request: HoldRequest): Promise<void> {
      try {
        await holdWith(kube, request.namespace, request.plan.workload.name, request.name, request.images);
      } catch (error) {
        throw toFailure(error);
      }
    },

    async setPaused(target: { namespace: string; name: string; paused: boolean }): Promise<void> {
      try {
        await kube.patch('rollouts', target.namespace, target.name, { spec: { strategy: { paused: target.paused } } });
      } catch (error) {
        throw toFailure(error);
      }
    },

    /** Brings up the step's pods and waits until they are ready. The stable Service is pinned before the first exists. */
    async upgradePods(request: UpgradeRequest): Promise<Done<Brought>> {
      return watching(client, async (waiting) => {
        const work = async () => {
          const { namespace, plan, stable } = request;
          const report = (problem: string) => waiting.observe({ ready: 0, updated: 0, problem });
          const context = { kube, namespace, signal: waiting.signal, report };
          await Promise.all(plan.routings.map(({ service }) => pinWhenThere(context, service, stable.podTemplateHash)));
          const owner = await ownerOf(kube, request);
          return upgradeCanary(
            kube,
            {
              namespace,
              stable: plan.workload.name,
              revision: request.revision,
              pods: request.pods,
              podMetadata: plan.podMetadata,
              failureThreshold: plan.failureThreshold,
              ...(owner === undefined ? {} : { owner }),
            },
            waiting,
          );
        };
        const { deployment, podTemplateHash, ready, input } = await alongside(request.show, work());
        return { deployment, podTemplateHash, ready, ...(input === undefined ? {} : { input }) };
      });
    },

    /** Sends the step's share of requests to the new version and waits until the routes are accepted. */
    async shiftTraffic(request: RouteRequest): Promise<Done<Brought>> {
      return watching(client, async (waiting) => {
        const work = async () => {
          const owner = await ownerOf(kube, request);
          await Promise.all(
            request.plan.routings.map(async (routing) => {
              const context = contextOf(kube, request, routing, owner, waiting);
              // It may have been deleted and made again since its pods came up.
              await pinWhenThere(context, routing.service, request.stable.podTemplateHash);
              await ensureCanaryService(context, {
                canaryHash: request.canaryHash,
                podLabels: request.plan.podMetadata.labels,
                generate: !request.plan.disableGenerateCanaryService,
              });
              await ensureRoutes(context, request.split, capacityFor(request));
              await settle(routing.gracePeriodSeconds ?? 0, waiting.signal);
            }),
          );
          return {};
        };
        return alongside(request.show, work());
      });
    },

    /** Finishes the version that is still rolling out, so that there is one stable version to release from. */
    async finishOlder(request: QueueRequest & { readonly show?: ProjectRequest }): Promise<Done<Brought>> {
      return watching(client, (waiting) =>
        alongside(
          request.show,
          finishOlder(kube, request, waiting).then(() => ({})),
        ),
      );
    },

    /** One step of bringing a release to its end. */
    async finalise(request: FinaliseRequest): Promise<Done<Brought>> {
      return watching(client, (waiting) => alongside(request.show, finaliseStep(kube, request, waiting)));
    },
  };
}

/** Endpoints without which the new version must get no requests: none only for a workload that has none itself. */
function capacityFor({ pods, plan }: RouteRequest): number {
  return pods === 0 ? 0 : Math.max(1, pods - toleratedFailures(plan.failureThreshold, pods));
}

/** What is made for a release belongs to its Rollout, or, without one, to the workload. */
async function ownerOf(kube: Kube, { namespace, name, plan }: Scope): Promise<OwnerReference | undefined> {
  const rollout = await kube.read('rollouts', namespace, name);
  if (rollout !== undefined)
    return {
      apiVersion: 'rollouts.kruise.io/v1beta1',
      kind: 'Rollout',
      name,
      uid: rollout.metadata.uid,
      controller: true,
      blockOwnerDeletion: true,
    };
  const workload = await kube.read('deployments', namespace, plan.workload.name);
  if (workload === undefined) return undefined;
  return { apiVersion: 'apps/v1', kind: 'Deployment', name: workload.metadata.name, uid: workload.metadata.uid };
}
