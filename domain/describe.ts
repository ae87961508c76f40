/** A release in markdown, for Temporal's UI, and in one line, for an answer. */
import type { ReleaseView } from './view.ts';

export function describe(view: ReleaseView): string {
  const { awaited } = view;
  const lines = [
    `### ${view.namespace}/${view.name}: ${view.images.stable.join(', ')} → ${view.images.canary.join(', ')}`,
    `**${view.reason}**, step ${view.step}/${view.steps} (${view.stepState}): ${view.message}`,
    '',
    `- waits for: ${awaited.what} (since ${awaited.since})`,
    `- next: ${awaited.next}${awaited.by === undefined ? '' : `, by ${awaited.by}`}`,
    `- new pods: ${view.canary.ready} ready of ${view.canary.desired}; requests: ${view.traffic} %`,
  ];
  const decisions = view.decisions
    .slice(-10)
    .map(
      ({ at, by, via, what, reason }) =>
        `- ${at} ${what}, by ${by} (${via})${reason === undefined ? '' : `: ${reason}`}`,
    );
  return [...lines, ...(decisions.length === 0 ? [] : ['', '**Decisions**', ...decisions])].join('\n');
}

export function describeStart(view: ReleaseView): string {
  const versions = `${view.images.stable.join(', ')} → ${view.images.canary.join(', ')}`;
  if (view.step === 1 && view.stepState === 'BeforeStepUpgrade' && view.images.canary.length === 0) return view.message;
  return `releasing ${versions}: step ${view.step}/${view.steps}`;
}
