import type { Problem } from '../domain/problems.ts';
import { Field } from './field.ts';
import { formatPath } from './path.ts';
import { kindOf, sameWorkload, workloadOf } from './workload.ts';

/**
 * The other Rollouts of the same namespace that name the same workload, one `Conflict` problem for each, in OpenKruise's
 * words. Unlike there, the version in the workload's `apiVersion` makes no difference. Disabled Rollouts do conflict.
 */
export function conflicts(rollout: unknown, others: Iterable<unknown>): Problem[] {
  const workload = workloadOf(rollout);
  const mine = identify(rollout);
  if (workload === undefined) return [];
  const problems: Problem[] = [];
  for (const other of others) {
    const theirs = identify(other);
    const target = workloadOf(other);
    if (theirs.namespace !== mine.namespace || theirs.name === mine.name) continue;
    if (target === undefined || !sameWorkload(workload, target)) continue;
    problems.push({
      code: 'Conflict',
      message:
        `This rollout conflict with Rollout(${theirs.namespace}/${theirs.name}), ` +
        `one workload only have less than one Rollout (${kindOf(workload)} ${workload.name}: delete one of the two Rollouts)`,
      path: formatPath(['spec', 'workloadRef']),
    });
  }
  return problems;
}

function identify(object: unknown): { readonly namespace: string; readonly name: string } {
  const metadata = new Field(object, [], []).at('metadata');
  const text = (key: string): string => {
    const { value } = metadata.at(key);
    return typeof value === 'string' ? value : '';
  };
  return { namespace: text('namespace') || 'default', name: text('name') };
}
