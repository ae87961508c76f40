/** What can be wrong, as data: a stable code, and words that name the object, what is wrong and what to do. */

export type ProblemCode =
  | 'InvalidRollout'
  | 'Unsupported'
  | 'Conflict'
  | 'WorkloadNotFound'
  | 'ServiceNotFound'
  | 'RouteNotFound'
  | 'RouteNotUsable'
  | 'StableUnknown'
  | 'RouteRejected'
  | 'Forbidden'
  | 'PodsNotReady';

export type Problem = {
  readonly code: ProblemCode;
  /** One sentence (or two) a person can act on. */
  readonly message: string;
  /** Where in the user's object, e.g. `spec.strategy.canary.steps[1].replicas`. */
  readonly path?: string;
};

/** The original's words for a workload that is not there, and which one, and what to do. */
export function workloadNotFound(workload: { readonly kind: string; readonly name: string } | undefined): string {
  if (workload === undefined) return 'Workload Not Found';
  const { kind, name } = workload;
  return `Workload Not Found: ${kind} ${name} is not there: create it, or correct the Rollout's workloadRef`;
}
