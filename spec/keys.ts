/** The API group of a Rollout and the names this room reads: fixed by OpenKruise (behaviour, section 8.1). */
export const group = 'rollouts.kruise.io';
/** The versions in which the CRD is served, the stored one last. */
export const versions = ['v1alpha1', 'v1beta1'] as const;

/** Annotation: `partition` or `canary`, in any case of letters; v1alpha1's way of choosing the style. */
export const rollingStyleAnnotation = 'rollouts.kruise.io/rolling-style';
/** Annotation: the name of a TrafficRouting object. */
export const trafficRoutingAnnotation = 'rollouts.kruise.io/trafficrouting';

/** The longest plan (OpenKruise's CRD). */
export const maxSteps = 50;
/** The most alternatives of a step, and the most conditions of one of them (OpenKruise's CRD). */
export const maxMatches = 16;

/** Largest share of pods a partition-style step may have while it moves traffic (OpenKruise's flag default). */
export const partitionPercentLimit = 50;
