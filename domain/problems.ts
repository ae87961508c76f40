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
