import { type Schema, text } from './types.ts';

// Nothing in a status is required, and unknown fields are kept: people and tools approve and jump by patching single
// fields, and a status written by another version must survive.
const open = { 'x-kubernetes-preserve-unknown-fields': true } as const;
const long = { maxLength: 32768 } as const;

function part(description: string, properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', description, ...open, properties };
}

function whole(description: string, format: 'int32' | 'int64' = 'int32'): Schema {
  return { type: 'integer', format, description };
}

function time(description: string): Schema {
  return { type: 'string', format: 'date-time', description };
}

const common: Readonly<Record<string, Schema>> = {
  observedWorkloadGeneration: whole('Generation of the workload that this was seen of.', 'int64'),
  observedRolloutID: text(
    'Name of the release: the label rollouts.kruise.io/rollout-id of the workload, or its revision.',
    long,
  ),
  rolloutHash: text('Digest of the plan that is being followed.'),
  stableRevision: text('Revision of the old version.'),
  podTemplateHash: text('Value of the label by which pods of the new version are told.'),
  currentStepIndex: whole('The step that is being done, from 1.'),
  nextStepIndex: whole('The step after it; -1 after the last. Write another number to jump there.'),
  finalisingStep: text('What is being put back at the end of the release.'),
  currentStepState: text('State of the step. Write StepReady to approve a step that is StepPaused.'),
  message: text('What is awaited.', long),
  lastUpdateTime: time('When the state of the step last changed.'),
};

const condition: Schema = part('One condition.', {
  type: text('Progressing, Succeeded or Terminating.'),
  status: text('True, False or Unknown.'),
  reason: text('One word for the state.', { maxLength: 1024 }),
  message: text('A sentence.', long),
  lastUpdateTime: time('When it was last written.'),
  lastTransitionTime: time('When its status last changed.'),
});

/** `status` of a Rollout: the progress of its release. */
export const status: Schema = part('The progress of the release, for people and tools; written by Sluice.', {
  observedGeneration: whole('Generation of the Rollout that this was seen of.', 'int64'),
  phase: text('Initial, Healthy, Progressing, Terminating, Disabling or Disabled.'),
  message: text('What is happening, and what is awaited.', long),
  currentStepIndex: whole('The step that is being done, from 1.'),
  currentStepState: text('State of the step.'),
  conditions: { type: 'array', description: 'Conditions.', items: condition },
  canaryStatus: part('Progress of a canary release.', {
    ...common,
    canaryRevision: text('Revision of the new version.'),
    canaryReplicas: whole('Pods of the new version.'),
    canaryReadyReplicas: whole('Ready pods of the new version.'),
  }),
  blueGreenStatus: part('Progress of a blue-green release.', {
    ...common,
    updatedRevision: text('Revision of the new version.'),
    updatedReplicas: whole('Pods of the new version.'),
    updatedReadyReplicas: whole('Ready pods of the new version.'),
  }),
});
