/** What Sluice asks of anything that splits requests between two Services: one file per provider, all alike. */
import type { HeaderModifier, RouteMatch, Routing } from '../../domain/plan.ts';
import type { Problem } from '../../domain/problems.ts';
import type { Kube } from '../kube/kube.ts';
import type { OwnerReference } from '../kube/objects.ts';

/** Which requests the new version gets: the matching ones, or else a percentage (0–100) of all. */
export type Split = {
  readonly traffic?: number;
  readonly matches?: readonly RouteMatch[];
  readonly requestHeaderModifier?: HeaderModifier;
};

export type RouteContext = {
  readonly kube: Kube;
  readonly namespace: string;
  readonly routing: Routing;
  readonly stableService: string;
  readonly canaryService: string;
  /** Owner of objects that are made, so that none outlives its Rollout; absent for a release without one. */
  readonly owner?: OwnerReference;
  /** Ends a wait: the release has other plans now. */
  readonly signal: AbortSignal;
  /** Says what is being waited for; shown to people. Cheap to call repeatedly. */
  readonly report: (waitingFor: string) => void;
};

export type RouteProvider = {
  /**
   * What stops a release from using this route: absent, never sending a request to the stable Service, or not able to
   * send requests as one of `splits` (by step) asks.
   */
  check(
    context: Pick<RouteContext, 'kube' | 'namespace' | 'routing' | 'stableService'>,
    splits?: readonly Split[],
  ): Promise<Problem[]>;
  /**
   * Makes the route send requests as `split` says, and resolves when the route's controller has accepted it (where
   * that can be seen). Idempotent; puts right what others changed. A 409 is retried inside. Never sends the new version
   * a request when the split is 0 % without matches.
   */
  ensure(context: RouteContext, split: Split): Promise<void>;
  /** True if the route, as the local copy shows it, is not as `ensure(split)` leaves it. */
  drifted(context: RouteContext, split: Split): Promise<boolean>;
  /** Puts the route back as its owner had it, edits made since included; nothing of ours stays. Idempotent. */
  restore(context: RouteContext): Promise<void>;
};
