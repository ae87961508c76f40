/** What the bench counts, from samples made by hand: its figures are no better than its counting. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditLog } from '../../bench/audit.ts';
import { partsOf, type Ride, waitsOf } from '../../bench/follow.ts';
import { readOptions } from '../../bench/options.ts';
import { quantiles } from '../../bench/stats.ts';
import { actionsOf, type HistoryEvent } from '../../bench/temporal.ts';
import { sharesOf } from '../../bench/where.ts';

const app = { namespace: 'bench', name: 'app' };
const ride: Ride = {
  app,
  version: 1,
  triggeredAt: 1000,
  pauses: [
    { step: 1, at: 1300 },
    { step: 2, at: 1500 },
  ],
  approvals: [
    { step: 1, at: 1301 },
    { step: 2, at: 1502 },
  ],
  healthyAt: 2002,
  sightings: [],
};

function event(kind: string, at = 0, attributes: Record<string, unknown> = {}, id = 0): HistoryEvent {
  return { run: 'run', id, kind, at, attributes };
}

describe('the bench', () => {
  it('gives percentiles that were really seen', () => {
    const twenty = Array.from({ length: 20 }, (_, index) => index + 1);
    expect(quantiles(twenty)).toEqual({ n: 20, min: 1, p50: 10, p95: 19, max: 20 });
    expect(quantiles([7])).toEqual({ n: 1, min: 7, p50: 7, p95: 7, max: 7 });
    expect(quantiles([])).toEqual({ n: 0, min: 0, p50: 0, p95: 0, max: 0 });
  });

  it('takes the waits of a user from what the user did and saw', () => {
    expect(waitsOf(ride)).toEqual({ toFirstPause: 300, toNextPause: [199], toHealthy: 500 });
    expect(partsOf(ride).map(({ from, to }) => [from, to])).toEqual([
      [1000, 1301],
      [1301, 1502],
      [1502, Number.POSITIVE_INFINITY],
    ]);
  });

  it('counts the local activities of one workflow task as one action, and every attempt of an activity', () => {
    const marker = (task: number) =>
      event('markerRecorded', 0, { markerName: 'core_local_activity', workflowTaskCompletedEventId: task });
    const counted = actionsOf([
      event('workflowExecutionStarted'),
      event('workflowExecutionSignaled', 0, { signalName: 'nudge' }),
      marker(4),
      marker(4),
      marker(9),
      event('activityTaskScheduled'),
      event('activityTaskStarted', 0, { attempt: 3 }),
      event('timerStarted'),
      event('timerCanceled'),
    ]);
    expect(counted).toEqual({ start: 1, 'signal nudge': 1, 'local activities': 2, 'activity attempt': 3, timer: 1 });
  });

  it('blames each moment on one thing, and the moments add up to the wait', () => {
    const request = { user: 'sluice-worker', verb: 'patch', kind: 'services', subresource: '', ...app, code: 200 };
    const history = [
      event('workflowTaskScheduled', 1010, {}, 1),
      event('workflowTaskStarted', 1020, { scheduledEventId: 1 }, 2),
      event('workflowTaskCompleted', 1060, { scheduledEventId: 1, startedEventId: 2 }, 3),
    ];
    const [first] = sharesOf(ride, [{ ...request, from: 1030, to: 1050 }], history);
    expect(first?.where).toEqual({
      'watch, signal, start': 250,
      'workflow task waiting to start': 10,
      'workflow tasks (our code, local activities)': 20,
      'API requests of the worker': 20,
    });
    expect(first?.ms).toBe(300);
  });

  it('refuses arguments that make no sense, in words', () => {
    expect(readOptions(['--n', '1,20', '--only', 'scale'])).toMatchObject({ n: [1, 20], only: 'scale', json: false });
    expect(() => readOptions(['--n', 'many'])).toThrow('--n: "many" is not a whole number');
    expect(() => readOptions(['--only', 'both'])).toThrow('--only is "single" or "scale"');
  });
});

describe('the audit log', () => {
  let folder: string;
  const line = (verb: string, more: object = {}) =>
    `${JSON.stringify({
      stage: 'ResponseComplete',
      verb,
      user: { username: 'sluice-worker' },
      objectRef: { resource: 'rollouts', subresource: 'status', namespace: 'bench', name: 'app' },
      responseStatus: { code: 200 },
      requestReceivedTimestamp: '2026-11-21T05:00:00.000250Z',
      stageTimestamp: '2026-11-21T05:00:00.010750Z',
      ...more,
    })}\n`;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bench-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is read from where it was left, without watches, and never half a line', () => {
    const file = join(folder, 'audit.log');
    writeFileSync(file, line('get'));
    const log = new AuditLog(file);
    const second = line('patch');
    appendFileSync(file, line('watch') + second.slice(0, 20));
    expect(log.read()).toEqual([]);
    appendFileSync(file, second.slice(20));
    const [request, ...others] = log.read();
    expect(request).toMatchObject({ verb: 'patch', kind: 'rollouts', subresource: 'status', code: 200 });
    expect((request?.to ?? 0) - (request?.from ?? 0)).toBeCloseTo(10.5);
    expect(others).toEqual([]);
  });
});
