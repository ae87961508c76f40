/** Labels, annotations and finalizers: OpenKruise's own names, and a few of Sluice's. */
export const keys = {
  inProgressing: 'rollouts.kruise.io/in-progressing',
  canaryDeployment: 'rollouts.kruise.io/canary-deployment',
  rolloutId: 'rollouts.kruise.io/rollout-id',
  batchId: 'rollouts.kruise.io/rollout-batch-id',
  planHash: 'rollouts.kruise.io/hash',
  rolloutFinalizer: 'rollouts.kruise.io/rollout',
  canaryFinalizer: 'finalizer.rollouts.kruise.io/batch-release',
  podTemplateHash: 'pod-template-hash',
  lastApplied: 'kubectl.kubernetes.io/last-applied-configuration',
  /** On a held workload that its user had paused before. */
  originalPaused: 'sluice.dev/original-paused',
  /** On a workload whose earlier version is finished first: the version that waits for its turn. */
  queuedTemplate: 'sluice.dev/queued-template',
  /** On a canary Deployment: the revision its pods run. */
  revision: 'sluice.dev/revision',
} as const;
