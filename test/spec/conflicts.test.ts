import { describe, expect, it } from '@jest/globals';
import { conflicts } from '../../spec/conflicts.ts';
import { workloadOf } from '../../spec/workload.ts';
import { alpha, beta } from './objects.ts';

describe('two Rollouts of one workload', () => {
  it('conflict, in whatever shapes and versions they name it', () => {
    const other = alpha(
      {},
      { objectRef: { workloadRef: { apiVersion: 'apps/v1beta1', kind: 'Deployment', name: 'owl' } } },
      { name: 'other' },
    );
    const [problem, ...rest] = conflicts(beta(), [beta(), other]);
    expect(rest).toEqual([]);
    expect(problem).toMatchObject({
      code: 'Conflict',
      path: 'spec.workloadRef',
      message: expect.stringContaining(
        'This rollout conflict with Rollout(birds/other), one workload only have less than one Rollout',
      ),
    });
  });

  it.each([
    ['itself', beta()],
    ['another namespace', beta({}, {}, { name: 'other', namespace: 'fish' })],
    [
      'another workload',
      beta({}, { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'wren' } }, { name: 'other' }),
    ],
    [
      'another kind',
      beta({}, { workloadRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'owl' } }, { name: 'other' }),
    ],
    ['nonsense', null],
  ])('do not conflict with %s', (_, other) => {
    expect(conflicts(beta(), [other])).toEqual([]);
  });
});

describe('the workload of a Rollout', () => {
  it('is known also when the rest is wrong', () => {
    expect(workloadOf(beta({ steps: [] }))).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'owl' });
  });

  it('is unknown when none is named', () => {
    expect(workloadOf({ spec: { workloadRef: { kind: 'Deployment' } } })).toBeUndefined();
    expect(workloadOf(undefined)).toBeUndefined();
  });
});
