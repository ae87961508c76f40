/** The figures as tables. */
import type { Cost } from './cost.ts';
import type { Machine } from './machine.ts';
import type { ScaleFigures } from './scale.ts';
import type { SingleFigures } from './single.ts';
import type { Quantiles } from './stats.ts';
import { sharesText } from './where.ts';

export type Figures = {
  readonly machine: Machine;
  readonly steps: readonly number[];
  readonly single?: SingleFigures;
  readonly scale?: readonly ScaleFigures[];
};

/** All figures, for people. */
export function report({ machine, steps, single, scale }: Figures): string {
  const lines = [
    `Sluice ${machine.commit}, ${machine.date}: ${machine.cores} × ${machine.cpu}, ${machine.memoryGb.toFixed(1)} GB, Node ${machine.node}, Kubernetes ${machine.kubernetes}, ${machine.temporal}`,
    `Load average before: ${machine.loadAverage.toFixed(1)}. Steps: ${steps.map((one) => `${one} %`).join(', ')}; nginx Ingress; every pause approved at once.`,
  ];
  if (single !== undefined) lines.push('', ...singleText(single));
  if (scale !== undefined && scale.length > 0) lines.push('', ...scaleText(scale, machine.cores));
  return lines.join('\n');
}

function singleText(figures: SingleFigures): string[] {
  const { perRelease, perStep, typical } = figures;
  return [
    `One release alone (${figures.toFirstPause.n} times, ${figures.replicas} replicas)      min      p50      p95      max`,
    row('template change → first StepPaused', figures.toFirstPause),
    row('approval → next StepPaused', figures.toNextPause),
    row('last approval → Healthy', figures.toHealthy),
    row('native rolling update, same Deployment', figures.native),
    `${'  last approval → Healthy beyond native'.padEnd(46)}${''.padEnd(9)}${ms(figures.beyondNative)}`,
    '',
    `A release: ${perRelease.requests.toFixed(1)} API requests (${perRelease.statusWrites.toFixed(1)} status writes), ${perRelease.events.toFixed(1)} history events, ${perRelease.actions.toFixed(1)} Temporal actions in ${perRelease.runs.toFixed(1)} runs`,
    `A step:    ${perStep.requests.toFixed(1)} API requests, ${perStep.events.toFixed(1)} history events, ${perStep.actions.toFixed(1)} actions`,
    ...costText(typical),
    '',
    ...sharesText(figures.shares, 'Where the time went (medians, ms)'),
    ...figures.unfinished.map((one) => `NOT FINISHED: ${one}`),
  ];
}

function costText(cost: Cost): string[] {
  return [
    ...cost.parts.map(
      ({ name, requests, events, actions }) =>
        `  ${name.padEnd(24)}${requests} requests, ${events} events, ${actions} actions`,
    ),
    `  requests: ${counts(cost.requests)}`,
    ...(Object.keys(cost.failedRequests).length === 0 ? [] : [`  refused:  ${counts(cost.failedRequests)}`]),
    `  events:   ${counts(cost.eventsByKind)}`,
    `  actions:  ${counts(cost.actions)}`,
  ];
}

function scaleText(all: readonly ScaleFigures[], cores: number): string[] {
  const cell = (text: string) => text.padStart(18);
  const line = (name: string, of: (one: ScaleFigures) => string) =>
    `${name.padEnd(46)}${all.map((one) => cell(of(one))).join('')}`;
  const both = ({ p50, p95 }: Quantiles) => `${(p50 / 1000).toFixed(2)} / ${(p95 / 1000).toFixed(2)} s`;
  const process = (name: string) => (one: ScaleFigures) => {
    const usage = one.processes[name];
    return usage === undefined ? '' : `${usage.cpuSeconds.toFixed(1)} s ${usage.rssMb.toFixed(0)} MB`;
  };
  return [
    line('Releases at once', ({ n, finished }) => (n === finished ? `${n}` : `${finished} of ${n}`)),
    line('all finished after', ({ totalSeconds }) => `${totalSeconds.toFixed(1)} s`),
    line('template change → first StepPaused p50/p95', ({ toFirstPause }) => both(toFirstPause)),
    line('approval → next StepPaused', ({ toNextPause }) => both(toNextPause)),
    line('last approval → Healthy', ({ toHealthy }) => both(toHealthy)),
    line('API requests per release', ({ requestsPerRelease }) => requestsPerRelease.toFixed(1)),
    line('history events per step', ({ eventsPerStep }) => eventsPerStep.toFixed(1)),
    line('Temporal actions per step', ({ actionsPerStep }) => actionsPerStep.toFixed(1)),
    ...[
      'worker',
      'temporal',
      'kube-apiserver',
      'etcd',
      'kube-controller-manager',
      'kube-scheduler',
      'kwok',
      'bench',
    ].map((name) => line(`CPU and RSS of ${name}`, process(name))),
    line('CPU of all of these, per release', ({ n, processes }) => `${(cpuOf(processes) / n).toFixed(2)} s`),
    line('so at best, on all cores of this machine', ({ processes }) => `${(cpuOf(processes) / cores).toFixed(1)} s`),
    line('CPU of everything else on the machine', ({ otherCpuSeconds }) => `${otherCpuSeconds.toFixed(1)} s`),
    ...all.flatMap((one) => [
      '',
      `N = ${one.n}, for each release`,
      `  requests: ${counts(one.requests)}`,
      ...(Object.keys(one.failedRequests).length === 0 ? [] : [`  refused:  ${counts(one.failedRequests)}`]),
      `  actions:  ${counts(one.actions)}`,
      `  requests to Temporal: ${counts(one.temporalRequests)}`,
      `  requests of all users: ${counts(one.requestsByUser)}`,
      ...one.unfinished.map((text) => `  NOT FINISHED: ${text}`),
    ]),
  ];
}

function cpuOf(processes: ScaleFigures['processes']): number {
  return Object.values(processes).reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
}

function counts(all: Readonly<Record<string, number>>): string {
  return Object.entries(all)
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) => `${Number.isInteger(count) ? count : count.toFixed(1)} ${name}`)
    .join(', ');
}

function row(name: string, { min, p50, p95, max }: Quantiles): string {
  return `  ${name.padEnd(44)}${ms(min)}${ms(p50)}${ms(p95)}${ms(max)}`;
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`.padStart(9);
}
