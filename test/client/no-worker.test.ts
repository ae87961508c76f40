import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { main } from '../../client/cli/main.ts';
import type { SluiceClient, SluiceError } from '../../client/index.ts';
import { workflowIdOf } from '../../domain/view.ts';
import { testIo } from './support/io.ts';
import { type Bed, testBed } from './support/temporal.ts';

const target = { namespace: 'default', name: 'orphan' };
let bed: Bed;
let sluice: SluiceClient;

beforeAll(async () => {
  bed = await testBed();
  sluice = bed.clientWith({ timeouts: { query: 700, command: 700 } });
  const id = workflowIdOf({ cluster: bed.cluster, ...target });
  await bed.client.workflow.start('release', {
    workflowId: id,
    taskQueue: bed.taskQueue,
    args: [{}],
    memo: { startedBy: 'bob' },
  });
}, 30_000);

afterAll(async () => {
  await bed?.client.workflow.getHandle(workflowIdOf({ cluster: bed.cluster, ...target })).terminate('end of test');
  await bed?.close();
});

const failure = async (call: Promise<unknown>): Promise<SluiceError> =>
  (await call.catch((error: unknown) => error)) as SluiceError;

describe('a client without a worker', () => {
  it('starts nothing, and says how to get a worker', async () => {
    const error = await failure(sluice.start({ namespace: 'default', name: 'fresh', by: 'tess' }));
    expect(error).toMatchObject({ code: 'NoWorker', message: expect.stringContaining('so nothing was started') });
    expect(await failure(sluice.get({ namespace: 'default', name: 'fresh' }))).toMatchObject({ code: 'NoSuchRelease' });
  });

  it('shows what Temporal itself knows of a release', async () => {
    const { summary, view, trouble } = await sluice.look(target);
    expect(view).toBeUndefined();
    expect(summary).toMatchObject({ status: 'Running', startedBy: 'bob', target: { cluster: bed.cluster, ...target } });
    expect(trouble).toMatchObject({
      code: 'NoWorker',
      message: expect.stringContaining(`no worker on task queue "${bed.taskQueue}"`),
    });
    expect(await failure(sluice.get(target))).toMatchObject({ code: 'NoWorker', summary: { status: 'Running' } });
  });

  it('does not send a command that it cannot bind, and does not know the fate of one that nobody answers', async () => {
    expect(await failure(sluice.approve(target, { by: 'tess' }))).toMatchObject({ code: 'NoWorker' });
    const error = await failure(sluice.approve(target, { by: 'tess', step: 1, revision: 'bbb' }));
    expect(error).toMatchObject({
      code: 'NoWorker',
      message: expect.stringContaining('Whether the command counts is not known'),
    });
  });

  it('says on the command line that nobody answers, with exit code 5, and still shows what it can', async () => {
    const options = ['--cluster', bed.cluster, '--task-queue', bed.taskQueue, '-n', 'default'];
    const approve = testIo();
    expect(await main(['approve', 'orphan', ...options], approve)).toBe(5);
    expect(approve.complaints()).toMatch(/^error: rollout default\/orphan: no worker on task queue/);
    const get = testIo();
    expect(await main(['get', 'orphan', '--kubeconfig', '/nowhere', ...options], get)).toBe(0);
    expect(get.written()).toMatch(/Status: +\? No worker answers/);
    expect(get.written()).toMatch(/Started: .* by bob/);
    expect(get.written()).toContain('! rollout default/orphan: no worker on task queue');
    const explain = testIo();
    expect(await main(['explain', 'orphan', ...options], explain)).toBe(0);
    expect(explain.written()).toContain('nobody can say how it stands');
    const status = testIo();
    expect(await main(['status', 'orphan', '--watch=false', ...options], status)).toBe(3);
  }, 30_000);
});
