/** The rows of the tree: the Rollout, its workloads down to their pods, then Services and routes. */
import { type Cell, type Colour, clean } from '../text.ts';
import { age } from '../time.ts';
import {
  type ClusterObjects,
  type HttpRoute,
  type Ingress,
  imagesOf,
  type Meta,
  type Pod,
  type Workload,
} from './objects.ts';
import { counters, podState } from './pods.ts';
import { statusOf } from './status.ts';
import type { TreeInput } from './tree.ts';

type Node = {
  readonly icon: string;
  readonly name: string;
  readonly kind: string;
  readonly status?: Cell;
  readonly created?: string | undefined;
  readonly info?: string;
  readonly children?: readonly Node[];
};

/** NAME, KIND, STATUS, AGE, INFO of each row; none when nothing of the cluster is known. */
export function branches(input: TreeInput, now: number): Cell[][] {
  const { objects, seen, name } = input;
  const children = [
    ...workloads(input),
    ...services(input),
    ...objects.ingresses.map(ingress),
    ...objects.routes.map(route),
  ];
  if (children.length === 0 && objects.rollout === undefined) return [];
  const phase = objects.rollout?.status?.phase;
  const status = seen === undefined ? undefined : statusOf(seen);
  const shown: Cell = status ? { text: `${status.icon} ${status.word}`, colour: status.colour } : { text: phase ?? '' };
  const created = objects.rollout?.metadata.creationTimestamp;
  const info = objects.rollout === undefined ? 'no Rollout object in the cluster' : '';
  return rows({ icon: '⟳', name, kind: 'Rollout', status: shown, created, info, children }, '', '', now);
}

function rows(node: Node, before: string, under: string, now: number): Cell[][] {
  const { children = [], created } = node;
  const own: Cell[] = [
    { text: `${before}${node.icon} ${clean(node.name)}` },
    { text: node.kind },
    node.status ?? { text: '' },
    { text: created === undefined ? '' : age(created, now) },
    { text: clean(node.info ?? '') },
  ];
  return [
    own,
    ...children.flatMap((child, index) => {
      const last = index === children.length - 1;
      return rows(child, `${under}${last ? '└─' : '├─'} `, `${under}${last ? '   ' : '│  '}`, now);
    }),
  ];
}

function workloads({ objects, seen }: TreeInput): Node[] {
  const running = seen?.summary.status === 'Running';
  const nodes: Node[] = [];
  if (objects.workload) nodes.push(workload(objects.workload, running ? 'stable' : '', objects));
  nodes.push(...objects.canaries.map((canary) => workload(canary, 'canary', objects)));
  return nodes;
}

function workload(it: Workload, role: string, objects: ClusterObjects): Node {
  const owned = objects.replicaSets.filter((set) => isOwned(set.metadata, it.metadata));
  const sets = owned.filter(
    (set) => (set.spec?.replicas ?? 0) > 0 || (set.status?.replicas ?? 0) > 0 || podsOf(set, objects).length > 0,
  );
  const hidden = owned.length - sets.length;
  const desired = it.spec?.replicas ?? 1;
  const ready = it.status?.readyReplicas ?? 0;
  const info = [role, it.spec?.paused === true ? 'held' : '', hidden > 0 ? `${hidden} older scaled down` : ''];
  return {
    icon: '⧉',
    name: it.metadata.name,
    kind: it.kind,
    status: { text: `${ready}/${desired} ready`, colour: ready >= desired ? 'green' : 'yellow' },
    created: it.metadata.creationTimestamp,
    info: info.filter((text) => text !== '').join(', '),
    children: [...sets.map((set) => replicaSet(set, objects)), ...podsOf(it, objects).map(pod)],
  };
}

function replicaSet(set: Workload, objects: ClusterObjects): Node {
  const pods = podsOf(set, objects);
  return {
    icon: '#',
    name: set.metadata.name,
    kind: 'ReplicaSet',
    status: counters(pods),
    created: set.metadata.creationTimestamp,
    info: imagesOf(set).join(', '),
    children: pods.map(pod),
  };
}

function pod(it: Pod): Node {
  const { icon, word, colour, ready, containers, restarts, why } = podState(it);
  const again = restarts === 0 ? '' : `restarts:${restarts}`;
  return {
    icon: '□',
    name: it.metadata.name,
    kind: 'Pod',
    status: { text: `${icon} ${word}`, colour },
    created: it.metadata.creationTimestamp,
    info: [`ready:${ready}/${containers}`, again, why].filter((text) => text !== '').join('  '),
  };
}

function services({ objects }: TreeInput): Node[] {
  return objects.services.map(({ metadata, spec }) => ({
    icon: '⇄',
    name: metadata.name,
    kind: 'Service',
    created: metadata.creationTimestamp,
    info: selectorInfo(spec?.selector ?? {}),
  }));
}

/** What pins a Service to one version comes first: it is what a release changes. */
function selectorInfo(selector: Readonly<Record<string, string>>): string {
  const pins = (key: string) => (/(pod-template|controller-revision)-hash$/.test(key) ? 0 : 1);
  const pairs = Object.entries(selector).sort(([one], [other]) => pins(one) - pins(other));
  return pairs.map(([key, value]) => `${key}=${value}`).join(',');
}

function ingress({ metadata }: Ingress): Node {
  const annotation = (suffix: string) =>
    Object.entries(metadata.annotations ?? {}).find(([key]) => key.endsWith(`/${suffix}`))?.[1];
  const weight = annotation('canary-weight');
  const header = annotation('canary-by-header');
  const value = annotation('canary-by-header-value') ?? annotation('canary-by-header-pattern');
  const cookie = annotation('canary-by-cookie');
  const parts = [
    header === undefined ? '' : `header ${header}${value === undefined ? '' : `=${value}`}`,
    cookie === undefined ? '' : `cookie ${cookie}`,
  ];
  return {
    icon: '⇢',
    name: metadata.name,
    kind: 'Ingress',
    created: metadata.creationTimestamp,
    info: parts.filter((text) => text !== '').join('  '),
    ...(weight !== undefined && { status: weightCell(Number(weight)) }),
  };
}

function weightCell(weight: number): Cell {
  const colour: Colour = weight > 0 ? 'cyan' : 'dim';
  return { text: `${weight} % canary`, colour };
}

function route({ metadata, spec }: HttpRoute): Node {
  const described = (spec?.rules ?? []).map(({ backendRefs = [], matches = [] }) => {
    const to = backendRefs
      .map(({ name, weight = 1 }) => (backendRefs.length === 1 ? name : `${name} ${weight}`))
      .join(', ');
    const headers = matches.flatMap(({ headers: list = [] }) => list.map(({ name, value }) => `${name}=${value}`));
    return headers.length === 0 ? to : `[${headers.join(' ')}] ${to}`;
  });
  return {
    icon: '⇢',
    name: metadata.name,
    kind: 'HTTPRoute',
    created: metadata.creationTimestamp,
    info: described.join('; '),
  };
}

function podsOf(owner: Workload, { pods }: ClusterObjects): Pod[] {
  return pods
    .filter(({ metadata }) => isOwned(metadata, owner.metadata))
    .sort((one, other) => one.metadata.name.localeCompare(other.metadata.name));
}

function isOwned(it: Meta, owner: Meta): boolean {
  return it.ownerReferences?.some(({ uid }) => uid === owner.uid) ?? false;
}
