/** Rollouts to start from in tests: change what the test is about. */

export type Loose = Record<string, unknown>;

/** A v1beta1 Rollout of the canary style, with what `canary` says in place of its strategy. */
export function beta(canary: Loose = {}, spec: Loose = {}, metadata: Loose = {}): Loose {
  return {
    apiVersion: 'rollouts.kruise.io/v1beta1',
    kind: 'Rollout',
    metadata: { name: 'owl', namespace: 'birds', ...metadata },
    spec: {
      workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'owl' },
      strategy: { canary: { enableExtraWorkloadForCanary: true, steps: [{ replicas: 1 }], ...canary } },
      ...spec,
    },
  };
}

/** A v1alpha1 Rollout, likewise. */
export function alpha(canary: Loose = {}, spec: Loose = {}, metadata: Loose = {}): Loose {
  return {
    apiVersion: 'rollouts.kruise.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'owl', namespace: 'birds', ...metadata },
    spec: {
      objectRef: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'owl' } },
      strategy: { canary: { steps: [{ weight: 20 }], ...canary } },
      ...spec,
    },
  };
}

/** A routing through an Ingress of class nginx. */
export const nginx = { service: 'owl', ingress: { name: 'owl' } };
