/** What releases did before, the workflow's code of today would do again: no release under way is lost to an upgrade. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import { type Bundle, workflowBundle } from '../../worker/bundle.ts';
import { type Event, type Golden, goldenHistories } from './histories.ts';
import { historyFromJson } from './proto-json.ts';

const kept = goldenHistories();
let bundle: Bundle;

beforeAll(async () => {
  const filter = makeTelemetryFilterString({ core: 'ERROR' });
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter } } });
  bundle = await workflowBundle();
}, 120_000);

async function replay({ workflowId, events }: Golden): Promise<void> {
  await Worker.runReplayHistory(
    { workflowBundle: { codePath: bundle.codePath } },
    historyFromJson({ events }),
    workflowId,
  );
}

describe('the release workflow of today', () => {
  it.each([...kept])('does again what the release "%s" did (else: node test/replay/record.ts)', async (_, golden) => {
    await replay(golden);
  });

  it('has histories of every way through it to answer for', () => {
    const stories = new Set([...kept.keys()].map((file) => file.replace(/-\d+$/, '')));
    expect([...stories].sort()).toEqual(
      ['client', 'commands', 'continuous', 'crash', 'deleted', 'rollback', 'steps', 'success'].sort(),
    );
  });

  it('would not get away with doing something else', async () => {
    const golden = kept.get('success-1') as Golden;
    const type = 'activityTaskScheduledEventAttributes';
    const events = golden.events.map((event): Event => {
      const scheduled = event[type] as { activityType: { name: string } } | undefined;
      if (scheduled?.activityType.name !== 'shiftTraffic') return event;
      return { ...event, [type]: { ...scheduled, activityType: { name: 'upgradePods' } } };
    });
    await expect(replay({ ...golden, events })).rejects.toMatchObject({ name: 'DeterminismViolationError' });
  });
});
