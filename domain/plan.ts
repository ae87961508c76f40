/**
 * The release plan: what a user wrote in a Rollout, whichever version or spelling, as one internal shape.
 * `spec/` produces it; everything else reads it. Pure data: it crosses the workflow boundary as JSON.
 */

/** A pod count (`2`) or a share of the workload's replicas (`"40%"`). */
export type Amount = number | string;

export type WorkloadRef = { readonly apiVersion: string; readonly kind: string; readonly name: string };

export type StringMatchType = 'Exact' | 'RegularExpression';
export type PathMatchType = 'Exact' | 'PathPrefix' | 'RegularExpression';
export type NamedMatch = { readonly name: string; readonly value: string; readonly type: StringMatchType };

/** One alternative of a step's `matches`: all its conditions must hold for a request to reach the new version. */
export type RouteMatch = {
  readonly path?: { readonly type: PathMatchType; readonly value: string };
  readonly headers?: readonly NamedMatch[];
  readonly queryParams?: readonly NamedMatch[];
};

export type HeaderValue = { readonly name: string; readonly value: string };
export type HeaderModifier = {
  readonly set?: readonly HeaderValue[];
  readonly add?: readonly HeaderValue[];
  readonly remove?: readonly string[];
};

/** How a step ends: by a person, or by itself `seconds` after its traffic was in place (0 = at once). */
export type Pause = { readonly kind: 'approval' } | { readonly kind: 'timed'; readonly seconds: number };

export type Step = {
  /** New-version pods expected when the step is reached. */
  readonly replicas: Amount;
  /** Percent (0–100) of requests for the new version; absent = the step moves no traffic by weight. */
  readonly traffic?: number;
  readonly matches?: readonly RouteMatch[];
  readonly requestHeaderModifier?: HeaderModifier;
  readonly pause: Pause;
};

/** One element of `trafficRoutings`: a stable Service and the routes that send requests to it. */
export type Routing = {
  readonly service: string;
  /** Lower bound, in seconds, between two changes of traffic; only when the user wrote one. */
  readonly gracePeriodSeconds?: number;
  readonly ingress?: { readonly name: string; readonly classType: string };
  readonly gateway?: { readonly httpRouteName: string };
};

export type Style = 'canary' | 'partition' | 'blueGreen';

export type PodMetadataPatch = {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
};

export type Plan = {
  readonly workload: WorkloadRef;
  readonly style: Style;
  readonly steps: readonly Step[];
  readonly routings: readonly Routing[];
  readonly failureThreshold: Amount;
  readonly podMetadata: PodMetadataPatch;
  readonly disableGenerateCanaryService: boolean;
  /** Changes when replicas, traffic, matches, routings or metadata change; not with pauses or the threshold. */
  readonly hash: string;
};

/** What the release may be told by the object at any time, beside its plan. */
export type Switches = { readonly paused: boolean; readonly disabled: boolean; readonly deleting: boolean };

/** Does this step ask for requests to be sent to the new version at all? */
export function movesTraffic(step: Step): boolean {
  return (step.traffic !== undefined && step.traffic > 0) || (step.matches?.length ?? 0) > 0;
}

/**
 * Pods that `amount` means for a workload of `replicas` pods: percentages round up, and the result never
 * leaves 0…replicas (OpenKruise's CalculateBatchReplicas).
 */
export function podsFor(amount: Amount, replicas: number): number {
  const wanted = typeof amount === 'number' ? amount : Math.ceil((percentOf(amount) * replicas) / 100);
  return Math.min(Math.max(wanted, 0), replicas);
}

/** `"40%"` → 40. Throws on anything that is not a whole percentage: the spec room has refused it before. */
export function percentOf(text: string): number {
  const match = /^(\d+)%$/.exec(text);
  if (match === null) throw new RangeError(`"${text}" is not a percentage such as "40%"`);
  return Number(match[1]);
}

/** Pods of `healthy` that may be missing before a batch counts as not ready: percentages are of the updated pods. */
export function toleratedFailures(threshold: Amount, updated: number): number {
  return typeof threshold === 'number' ? threshold : Math.ceil((percentOf(threshold) * updated) / 100);
}
