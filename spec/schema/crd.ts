import { group, versions } from '../keys.ts';
import { rollout } from './rollout.ts';

const column = (name: string, type: string, jsonPath: string, description: string) => ({
  name,
  type,
  jsonPath,
  description,
});

function columns(progress: string) {
  return [
    column('STATUS', 'string', '.status.phase', 'The rollout status phase'),
    column('CANARY_STEP', 'integer', `${progress}.currentStepIndex`, 'The rollout canary status step'),
    column('CANARY_STATE', 'string', `${progress}.currentStepState`, 'The rollout canary status step state'),
    column('MESSAGE', 'string', '.status.message', 'The rollout canary status message'),
    column('AGE', 'date', '.metadata.creationTimestamp', 'Age of the rollout'),
  ];
}

/** The CustomResourceDefinition of Rollout, as plain data. */
export const rolloutCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `rollouts.${group}`, labels: { 'app.kubernetes.io/name': 'sluice' } },
  spec: {
    group,
    names: { kind: 'Rollout', listKind: 'RolloutList', plural: 'rollouts', singular: 'rollout' },
    scope: 'Namespaced',
    conversion: { strategy: 'None' },
    versions: versions.map((name) => ({
      name,
      served: true,
      storage: name === 'v1beta1',
      additionalPrinterColumns: columns(name === 'v1beta1' ? '.status' : '.status.canaryStatus'),
      subresources: { status: {} },
      schema: { openAPIV3Schema: rollout },
    })),
  },
} as const;
