import type { Style, WorkloadRef } from '../domain/plan.ts';
import { Field } from './field.ts';
import { rollingStyleAnnotation } from './keys.ts';

/** The spellings of the reference to the workload, newest first; the last two are those of early documents. */
const spellings: readonly (readonly string[])[] = [
  ['spec', 'workloadRef'],
  ['spec', 'objectRef', 'workloadRef'],
  ['spec', 'strategy', 'objectRef', 'workloadRef'],
  ['spec', 'objectRef'],
  ['spec', 'strategy', 'objectRef'],
];

/** Group and kind of everything OpenKruise accepts; the version is not looked at. */
const knownWorkloads = new Set([
  'apps/Deployment',
  'apps/ReplicaSet',
  'apps/StatefulSet',
  'apps/DaemonSet',
  'apps.kruise.io/CloneSet',
  'apps.kruise.io/StatefulSet',
  'apps.kruise.io/DaemonSet',
]);

/** The API group in an `apiVersion`: `apps/v1` → `apps`, `v1` → the empty string. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

/** `apps/Deployment`: what a workload is, whichever version of the API names it. */
export function kindOf(ref: WorkloadRef): string {
  return `${groupOf(ref.apiVersion)}/${ref.kind}`;
}

/** Do two references name the same object (in one namespace)? The version of the API is not part of the name. */
export function sameWorkload(one: WorkloadRef, other: WorkloadRef): boolean {
  return kindOf(one) === kindOf(other) && one.name === other.name;
}

/**
 * The workload a Rollout names, in any spelling, without judging it: what a watcher needs to find the Rollout of a
 * workload. Undefined when none is named in full.
 */
export function workloadOf(rollout: unknown): WorkloadRef | undefined {
  return references(new Field(rollout, [], []))[0]?.ref;
}

type Reference = { readonly field: Field; readonly ref: WorkloadRef; readonly older: boolean };

function references(root: Field): Reference[] {
  const found: Reference[] = [];
  for (const spelling of spellings) {
    const field = root.at(...spelling);
    const [apiVersion, kind, name] = ['apiVersion', 'kind', 'name'].map((key) => field.at(key).value);
    if (typeof apiVersion === 'string' && typeof kind === 'string' && typeof name === 'string' && name !== '') {
      found.push({ field, ref: { apiVersion, kind, name }, older: spelling[1] !== 'workloadRef' });
    }
  }
  return found;
}

/** The workload and how it is to be released; `older` tells that the object is written in v1alpha1's shape. */
export type Target = { readonly workload: WorkloadRef; readonly style: Style; readonly older: boolean };

/**
 * Reads the workload and the style, with OpenKruise's rules (behaviour, sections 1.4, 1.5, 1.10).
 *
 * The shape decides, never `apiVersion`: with conversion `None` the API server hands out an object written as v1alpha1
 * under the name v1beta1, and it must mean the same under both.
 */
export function readTarget(root: Field): Target | undefined {
  const found = references(root);
  const first = found[0];
  if (first === undefined) {
    missing(root);
    return undefined;
  }
  for (const other of found.slice(1)) {
    if (!sameWorkload(first.ref, other.ref)) other.field.invalid('names another workload than the rest of the object');
  }
  const blueGreen = root.at('spec', 'strategy', 'blueGreen').present;
  const kind = kindOf(first.ref);
  if (!knownWorkloads.has(kind)) {
    const knownKind = [...knownWorkloads].some((known) => known.endsWith(`/${first.ref.kind}`));
    first.field.at(knownKind ? 'apiVersion' : 'kind').invalid('WorkloadRef kind is not supported');
    return undefined;
  }
  const style = blueGreen ? 'blueGreen' : canaryStyle(root, first);
  if (blueGreen && kind !== 'apps/Deployment' && kind !== 'apps.kruise.io/CloneSet') {
    first.field.invalid('WorkloadRef kind is not supported for bluegreen style');
  } else if (kind !== 'apps/Deployment') {
    first.field.unsupported(`${kind} cannot be released by this version of Sluice; name a Deployment of apps/v1`);
  } else {
    refuseStyle(root, style);
  }
  return { workload: first.ref, style, older: first.older || writesWeights(root) };
}

function missing(root: Field): void {
  const started = spellings.map((spelling) => root.at(...spelling)).find((field) => field.present);
  if (started === undefined) root.at('spec', 'workloadRef').invalid('WorkloadRef is required');
  else if (started.record()) {
    const absent = ['apiVersion', 'kind', 'name'].filter((key) => (started.at(key).value ?? '') === '');
    const named = absent.length === 0 ? 'must have apiVersion, kind and name as strings' : `needs ${absent.join(', ')}`;
    started.invalid(`WorkloadRef is required: it ${named}`);
  }
}

function writesWeights(root: Field): boolean {
  const steps = root.at('spec', 'strategy', 'canary', 'steps').value;
  return Array.isArray(steps) && steps.some((step) => new Field(step, [], []).at('weight').present);
}

function canaryStyle(root: Field, { ref, older }: Reference): Style {
  const deployment = kindOf(ref) === 'apps/Deployment';
  const annotation = root.at('metadata', 'annotations', rollingStyleAnnotation);
  const written = (annotation.string() ?? '').toLowerCase();
  if (!['', 'canary', 'partition'].includes(written)) {
    annotation.invalid("Rolling style must be 'Canary', 'Partition' or empty");
  }
  const extra = root.at('spec', 'strategy', 'canary', 'enableExtraWorkloadForCanary').boolean();
  if (!deployment) return 'partition';
  if (extra !== undefined) return extra ? 'canary' : 'partition';
  if (written !== '') return written === 'partition' ? 'partition' : 'canary';
  return older || writesWeights(root) ? 'canary' : 'partition';
}

function refuseStyle(root: Field, style: Style): void {
  const strategy = root.at('spec', 'strategy');
  if (style === 'blueGreen' && !strategy.at('canary').present) {
    strategy
      .at('blueGreen')
      .unsupported(
        'blueGreen is not released by this version of Sluice; write canary with enableExtraWorkloadForCanary: true',
      );
  } else if (style === 'partition' && strategy.at('canary').present) {
    const annotation = root.at('metadata', 'annotations', rollingStyleAnnotation);
    const byAnnotation = annotation.present && !strategy.at('canary', 'enableExtraWorkloadForCanary').present;
    if (byAnnotation)
      annotation.unsupported('partition style is not released by this version of Sluice; remove the annotation');
    else {
      strategy
        .at('canary', 'enableExtraWorkloadForCanary')
        .unsupported(
          'partition style is not released by this version of Sluice; write enableExtraWorkloadForCanary: true',
        );
    }
  }
}
