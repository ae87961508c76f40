import { messages } from '../steps.ts';
import { status } from './status.ts';
import { blueGreen, canary } from './strategy.ts';
import { flag, type Rule, record, type Schema, text } from './types.ts';

const kinds =
  "(self.apiVersion.startsWith('apps/') && self.kind in ['Deployment','ReplicaSet','StatefulSet','DaemonSet']) || " +
  "(self.apiVersion.startsWith('apps.kruise.io/') && self.kind in ['CloneSet','StatefulSet','DaemonSet'])";

const refFields = {
  apiVersion: text('API version, such as apps/v1.'),
  kind: text('Kind, such as Deployment.'),
  name: text('Name, in the namespace of the Rollout.'),
};

const workloadRef: Schema = record(
  'The workload to release.',
  refFields,
  [
    { rule: kinds, message: 'WorkloadRef kind is not supported' },
    { rule: "self.name != ''", message: 'WorkloadRef is required' },
  ],
  { required: ['apiVersion', 'kind', 'name'] },
);

/** v1alpha1's place for the workload; the earliest documents write it below `strategy`, or without `workloadRef`. */
const objectRef: Schema = record(
  'The workload to release, in the shape of v1alpha1.',
  { type: text('Older field; not read.'), workloadRef, ...refFields },
  [
    {
      rule: "has(self.workloadRef) || (has(self.apiVersion) && has(self.kind) && has(self.name) && self.name != '')",
      message: 'WorkloadRef is required',
    },
    {
      rule: `has(self.workloadRef) || !has(self.apiVersion) || !has(self.kind) || ${kinds}`,
      message: 'WorkloadRef kind is not supported',
    },
  ],
);

const strategy: Schema = record(
  'How to release it: canary or blueGreen.',
  {
    paused: flag('Hold the whole release where it is.'),
    objectRef,
    canary,
    blueGreen,
  },
  [
    { rule: 'has(self.canary) || has(self.blueGreen)', message: 'Canary and BlueGreen cannot both be empty' },
    { rule: '!has(self.canary) || !has(self.blueGreen)', message: 'Canary and BlueGreen cannot both be set' },
  ],
);

const eachStep = (condition: string): string =>
  `!has(self.strategy.canary) || !has(self.strategy.canary.steps) || self.strategy.canary.steps.all(s, ${condition})`;
const unwrapped = (field: string): string => `(has(${field}.workloadRef) ? ${field}.workloadRef.name : ${field}.name)`;

const specRules: readonly Rule[] = [
  {
    rule: 'has(self.workloadRef) || has(self.objectRef) || has(self.strategy.objectRef)',
    message: 'WorkloadRef is required',
    fieldPath: '.workloadRef',
  },
  {
    rule:
      `(!has(self.workloadRef) || !has(self.objectRef) || self.workloadRef.name == ${unwrapped('self.objectRef')}) && ` +
      `(!has(self.workloadRef) || !has(self.strategy.objectRef) || self.workloadRef.name == ${unwrapped('self.strategy.objectRef')}) && ` +
      `(!has(self.objectRef) || !has(self.strategy.objectRef) || ${unwrapped('self.objectRef')} == ${unwrapped('self.strategy.objectRef')})`,
    message: 'workloadRef and objectRef name different workloads; keep workloadRef',
  },
  {
    rule: `!has(self.workloadRef) || ${eachStep('has(s.replicas) || has(s.weight)')}`,
    message: messages.noReplicas,
    fieldPath: '.strategy.canary.steps',
  },
  {
    rule: `has(self.workloadRef) || ${eachStep('has(s.replicas) || has(s.weight)')}`,
    message: messages.noWeight,
    fieldPath: '.strategy.canary.steps',
  },
  {
    rule: '!has(self.strategy.blueGreen) || !has(self.strategy.blueGreen.steps) || self.strategy.blueGreen.steps.all(s, has(s.replicas))',
    message: messages.noReplicas,
    fieldPath: '.strategy.blueGreen.steps',
  },
];

const inRelease =
  "(has(oldSelf.status) && has(oldSelf.status.phase) && oldSelf.status.phase in ['Progressing','Terminating'] && " +
  // Held, but not begun, for want of something the Rollout names wrongly: correcting it is the way out.
  "!(has(oldSelf.status.canaryStatus) && has(oldSelf.status.canaryStatus.canaryRevision) && oldSelf.status.canaryStatus.canaryRevision == ''))";

/** CEL: is the field at this path below spec the same, or absent, before and after? Typed, so that its cost is known. */
function same(...path: readonly string[]): string {
  const has = (root: string): string =>
    path.map((_, index) => `has(${[root, 'spec', ...path.slice(0, index + 1)].join('.')})`).join(' && ');
  const field = path.join('.');
  return `((${has('self')}) ? (${has('oldSelf')}) && self.spec.${field} == oldSelf.spec.${field} : !(${has('oldSelf')}))`;
}

/** OpenKruise's update rules: what may not change while a release is under way. */
const updateRules: readonly Rule[] = [
  {
    rule: `!${inRelease} || (${same('workloadRef')} && ${same('objectRef')} && ${same('strategy', 'objectRef')})`,
    message: "Rollout 'ObjectRef' field is immutable",
    reason: 'FieldValueForbidden',
    fieldPath: '.spec',
  },
  {
    rule: `!${inRelease} || (${same('strategy', 'canary', 'trafficRoutings')} && ${same('strategy', 'blueGreen', 'trafficRoutings')})`,
    message: "Rollout 'Strategy.Canary|BlueGreen.TrafficRoutings' field is immutable",
    reason: 'FieldValueForbidden',
    fieldPath: '.spec.strategy',
  },
  {
    rule:
      `!${inRelease} || (has(self.spec.strategy.canary) == has(oldSelf.spec.strategy.canary) && ` +
      'self.spec.strategy.?canary.?enableExtraWorkloadForCanary.orValue(false) == oldSelf.spec.strategy.?canary.?enableExtraWorkloadForCanary.orValue(false))',
    message: 'Rollout style and enableExtraWorkloadForCanary are immutable',
    reason: 'FieldValueForbidden',
    fieldPath: '.spec.strategy',
  },
  {
    // In the shape of v1alpha1 the number of steps may change, as it may there.
    rule:
      `!${inRelease} || !has(self.spec.workloadRef) || (` +
      ['canary', 'blueGreen']
        .map(
          (key) =>
            `self.spec.strategy.?${key}.?steps.orValue([]).size() == oldSelf.spec.strategy.?${key}.?steps.orValue([]).size()`,
        )
        .join(' && ') +
      ')',
    message: 'Amount of Rollout steps are immutable',
    reason: 'FieldValueForbidden',
    fieldPath: '.spec.strategy',
  },
];

/**
 * A Rollout, in both shapes at once. Both versions of the CRD have this one schema: with conversion `None` the API
 * server prunes by the schema of the version that a request names, and neither shape may lose a field by that.
 */
export const rollout: Schema = record(
  'Releases new versions of a workload step by step.',
  {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object' },
    spec: record(
      'What to release, and how.',
      {
        workloadRef,
        objectRef,
        strategy,
        disabled: flag('Release nothing; the workload is updated as if there were no Rollout.', { default: false }),
        rolloutID: text('Older field; not read.'),
      },
      specRules,
      { required: ['strategy'] },
    ),
    status,
  },
  updateRules,
  { required: ['spec'] },
);
