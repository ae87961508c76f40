/** How a release fares, in one icon and one or two words: the same in the tree, in lists and for CI. */
import type { Outcome, ReleaseView } from '../../../domain/view.ts';
import type { Sighting } from '../../read.ts';
import type { ReleaseSummary } from '../../summary.ts';
import type { Colour } from '../text.ts';

/** `good` and `bad` are final for CI; `open` means: not decided yet. */
export type Status = {
  readonly icon: string;
  readonly word: string;
  readonly colour: Colour;
  readonly verdict: 'good' | 'bad' | 'open';
};

const outcomes: Record<Outcome, Status> = {
  Completed: { icon: '✔', word: 'Completed', colour: 'green', verdict: 'good' },
  RolledBack: { icon: '↩', word: 'Rolled back', colour: 'red', verdict: 'bad' },
  Superseded: { icon: '»', word: 'Superseded', colour: 'dim', verdict: 'bad' },
  Disabled: { icon: '✔', word: 'Completed (Rollout disabled)', colour: 'yellow', verdict: 'good' },
  Deleted: { icon: '✔', word: 'Completed (Rollout deleted)', colour: 'yellow', verdict: 'good' },
  NothingToDo: { icon: '✔', word: 'Nothing to do', colour: 'green', verdict: 'good' },
};

/** The status of a release, from its view where a worker gave one. */
export function statusOf({ summary, view, trouble }: Sighting): Status {
  if (summary.status !== 'Running') return endedStatus(summary, view);
  if (view === undefined) {
    const word = trouble === undefined ? (summary.phase ?? 'Running') : 'No worker answers';
    return { icon: '?', word, colour: 'yellow', verdict: 'open' };
  }
  if (view.outcome !== undefined) return outcomes[view.outcome];
  return runningStatus(view);
}

function endedStatus({ status, result }: ReleaseSummary, view: ReleaseView | undefined): Status {
  if (status === 'Superseded') return outcomes.Superseded;
  const outcome = result?.outcome ?? (status === 'Completed' ? view?.outcome : undefined);
  if (outcome !== undefined) return outcomes[outcome];
  const word = status === 'TimedOut' ? 'Timed out' : status === 'Completed' ? 'Ended' : status;
  return { icon: '✖', word, colour: 'red', verdict: 'bad' };
}

function runningStatus(view: ReleaseView): Status {
  const open = (icon: string, word: string, colour: Colour): Status => ({ icon, word, colour, verdict: 'open' });
  if (view.aborted) return { icon: '✖', word: 'Aborted', colour: 'red', verdict: 'bad' };
  if (view.failing) return { icon: '✖', word: 'Failing', colour: 'red', verdict: 'bad' };
  if (view.phase === 'Terminating' || view.phase === 'Disabling') return open('◌', view.phase, 'yellow');
  if (view.reason === 'Finalising') return open('◌', 'Finishing', 'cyan');
  if (view.reason === 'Cancelling') {
    const superseded = /continuous release/.test(view.message);
    return open('◌', superseded ? 'Giving way to a newer version' : 'Rolling back', 'yellow');
  }
  switch (view.awaited.kind) {
    case 'approval':
      return open('‖', 'Waits for approval', 'yellow');
    case 'timer':
      return open('‖', 'Paused by its plan', 'cyan');
    case 'resume':
      return open('‖', 'Paused', 'yellow');
    case 'fix':
      return open('⚠', 'Needs a fix', 'red');
    case 'workload':
      return open('◌', 'Waits for the workload', 'yellow');
    default:
      return open('◌', 'Progressing', 'cyan');
  }
}

/** `step 2/4`, or that there is no plan to count by yet. */
export function progressOf({ step, steps }: Pick<ReleaseView, 'step' | 'steps'>): string {
  return steps === 0 ? 'before its first step' : `at step ${step}/${steps}`;
}
