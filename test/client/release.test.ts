import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SluiceError } from '../../client/index.ts';
import { type Bed, testBed } from './support/temporal.ts';
import { plan } from './support/views.ts';

const by = 'alice@example.com';
let bed: Bed;
let stop: () => Promise<void>;

beforeAll(async () => {
  bed = await testBed();
  stop = await bed.work();
}, 60_000);

afterAll(async () => {
  await stop?.();
  await bed?.close();
});

const at = (name: string) => ({ namespace: 'default', name });
const begin = (name: string) =>
  bed.sluice.start({ ...at(name), plan, images: { main: 'echoserver:2' }, by, reason: 'tuesday' });
const refused = async (call: Promise<unknown>): Promise<SluiceError> =>
  await call.then(
    () => {
      throw new Error('was not refused');
    },
    (error: SluiceError) => error,
  );

describe('a client of releases', () => {
  it('starts a release, and gets its answer and address', async () => {
    const started = await begin('start');
    expect(started).toMatchObject({ step: 1, revision: 'bbb', workflowId: `rollout/${bed.cluster}/default/start` });
    const { summary, view } = await bed.sluice.look(at('start'));
    expect(summary).toMatchObject({ runId: started.runId, status: 'Running', startedBy: by, reason: 'tuesday' });
    expect(view).toMatchObject({
      steps: 4,
      images: { canary: ['echoserver:2'] },
      decisions: [{ what: 'started', by, via: 'api', reason: 'tuesday' }],
    });
  });

  it('retargets the release under way instead of starting a second one', async () => {
    const first = await begin('again');
    const second = await bed.sluice.start({ ...at('again'), images: { main: 'echoserver:3' }, by });
    expect(second.runId).toBe(first.runId);
    expect((await bed.sluice.get(at('again'))).images.canary).toEqual(['echoserver:3']);
  });

  it('applies a start that is sent twice once', async () => {
    const options = { ...at('twice'), plan, by, requestId: 'the-same' };
    const [one, other] = [await bed.sluice.start(options), await bed.sluice.start(options)];
    expect(other).toEqual(one);
    expect((await bed.sluice.get(at('twice'))).decisions).toHaveLength(1);
  });

  it('takes a Rollout as YAML, with its own namespace and name', async () => {
    const rollout = `
apiVersion: rollouts.kruise.io/v1beta1
kind: Rollout
metadata: { name: from-yaml, namespace: shop }
spec:
  workloadRef: { apiVersion: apps/v1, kind: Deployment, name: echoserver }
  strategy:
    canary:
      enableExtraWorkloadForCanary: true
      steps: [{ traffic: 20%, replicas: 1, pause: {} }, { traffic: 60%, replicas: 60% }]
`;
    const { workflowId } = await bed.sluice.start({ rollout, by });
    expect(workflowId).toBe(`rollout/${bed.cluster}/shop/from-yaml`);
  });

  it('binds an approval to the step and revision it sees, and other commands to the revision', async () => {
    await begin('bind');
    await expect(bed.sluice.approve(at('bind'), { by, reason: 'looks good' })).resolves.toMatchObject({
      message: expect.stringContaining('approved'),
    });
    expect(await refused(bed.sluice.approve(at('bind'), { by, step: 3 }))).toMatchObject({ code: 'OtherStep' });
    expect(await refused(bed.sluice.abort(at('bind'), { by, revision: 'zzz' }))).toMatchObject({
      code: 'OtherRevision',
    });
    const { decisions } = await bed.sluice.get(at('bind'));
    expect(decisions.at(-1)).toMatchObject({ what: 'approved', by, reason: 'looks good', step: 1, revision: 'bbb' });
  });

  it('applies a command that is sent twice once', async () => {
    await begin('once');
    const options = { by, step: 1, revision: 'bbb', requestId: 'click-1' };
    const [one, other] = await Promise.all([
      bed.sluice.approve(at('once'), options),
      bed.sluice.approve(at('once'), options),
    ]);
    expect(other).toEqual(one);
    expect((await bed.sluice.get(at('once'))).decisions.map(({ what }) => what)).toEqual(['started', 'approved']);
  });

  it('names the rollout in a refusal, and keeps its code', async () => {
    await begin('refuse');
    const error = await refused(bed.sluice.resume(at('refuse'), { by }));
    expect(error).toMatchObject({
      name: 'SluiceError',
      code: 'NotPaused',
      message: 'rollout default/refuse: the release is not paused',
    });
    expect(await refused(bed.sluice.jump(at('refuse'), 9, { by }))).toMatchObject({ code: 'NoSuchStep' });
    expect(await refused(bed.sluice.undo(at('refuse'), { by }))).toMatchObject({ code: 'Refused' });
  });

  it('says that there is no such release, and refuses names that cannot be any', async () => {
    expect(await refused(bed.sluice.get(at('never')))).toMatchObject({
      code: 'NoSuchRelease',
      message: expect.stringContaining('rollout default/never'),
    });
    expect(await refused(bed.sluice.approve(at('never'), { by }))).toMatchObject({ code: 'NoSuchRelease' });
    expect(await refused(bed.sluice.history(at('never')))).toMatchObject({ code: 'NoSuchRelease' });
    expect(await refused(bed.sluice.wait(at('never')))).toMatchObject({ code: 'NoSuchRelease' });
    expect(await refused(bed.sluice.get(at('No_Name')))).toMatchObject({ code: 'BadInput' });
    expect(await refused(bed.sluice.approve(at('never'), { by: ' ' }))).toMatchObject({ code: 'BadInput' });
  });

  it('tells of an ended release how it ended, and refuses commands to it', async () => {
    await begin('end');
    await bed.signal('end', 'set', { outcome: 'RolledBack', message: 'taken back' });
    await expect(bed.sluice.wait(at('end'), { timeout: 10_000 })).resolves.toMatchObject({
      status: 'Completed',
      result: { outcome: 'RolledBack' },
    });
    const { summary, view } = await bed.sluice.look(at('end'));
    expect(summary).toMatchObject({ status: 'Completed', result: { outcome: 'RolledBack', message: 'taken back' } });
    expect(view?.outcome).toBe('RolledBack');
    const error = await refused(bed.sluice.approve(at('end'), { by }));
    expect(error).toMatchObject({ code: 'NotRunning', message: expect.stringContaining('the last one ended at') });
    expect(await refused(bed.sluice.approve(at('end'), { by, step: 1, revision: 'bbb' }))).toMatchObject({
      code: 'NotRunning',
    });
  });

  it('starts a new release when the one under way ends in the same moment', async () => {
    const first = await begin('race');
    const [, second] = await Promise.all([bed.signal('race', 'set', { outcome: 'Completed' }), begin('race')]);
    expect(second.step).toBe(1);
    const third = await begin('race');
    expect(third.runId).not.toBe(first.runId);
  });

  it('lists releases by namespace, and ended ones only when asked', async () => {
    await begin('list-a');
    await begin('list-b');
    await bed.sluice.start({ namespace: 'other', name: 'list-c', plan, by });
    await bed.signal('list-b', 'set', { outcome: 'Completed' });
    await bed.sluice.wait(at('list-b'));
    const names = async (options: Parameters<typeof bed.sluice.list>[0]) =>
      (await bed.sluice.list(options))
        .map(({ target }) => target.name)
        .filter((name) => name.startsWith('list-'))
        .sort();
    await eventually(async () => expect(await names({ namespace: 'default' })).toEqual(['list-a']));
    await eventually(async () => expect(await names({})).toEqual(['list-a', 'list-c']));
    await eventually(async () => expect(await names({ all: true })).toEqual(['list-a', 'list-b', 'list-c']));
    expect(await names({ phase: 'Nonsense' })).toEqual([]);
  });

  it('shows all releases of a target, newest first, with who decided what', async () => {
    const first = await begin('past');
    await bed.sluice.approve(at('past'), { by, reason: 'fine' });
    await bed.signal('past', 'set', { outcome: 'Completed' });
    await bed.sluice.wait(at('past'));
    const second = await begin('past');
    await bed.signal('past', 'fail', 'out of luck');
    await bed.sluice.wait(at('past'));
    const third = await begin('past');
    await eventually(async () => expect(await bed.sluice.history(at('past'))).toHaveLength(3));
    const all = await bed.sluice.history(at('past'));
    expect(all.map(({ runId }) => runId)).toEqual([third.runId, second.runId, first.runId]);
    expect(all[1]).toMatchObject({ status: 'Failed', failure: 'out of luck' });
    expect(all[2]).toMatchObject({ status: 'Completed', result: { outcome: 'Completed' } });
    const { decisions } = await bed.sluice.record(at('past'), first.runId.slice(0, 13));
    expect(decisions.map(({ what, reason }) => [what, reason])).toEqual([
      ['started', 'tuesday'],
      ['approved', 'fine'],
    ]);
    expect((await bed.sluice.record(at('past'))).decisions).toHaveLength(1);
    expect(await refused(bed.sluice.record(at('past'), 'ffffffff-ffff'))).toMatchObject({ code: 'NoSuchRelease' });
  });

  it('yields a watched release once per change, and ends with it', async () => {
    await begin('watch');
    const steps: string[] = [];
    for await (const { view } of bed.sluice.watch(at('watch'), { interval: 20 })) {
      steps.push(`${view?.step} ${view?.outcome ?? ''}`.trim());
      const next = { 1: { step: 2 }, 2: { outcome: 'Completed' } }[view?.outcome === undefined ? (view?.step ?? 0) : 0];
      if (next !== undefined) await bed.signal('watch', 'set', next);
    }
    expect([...new Set(steps)]).toEqual(['1', '2', '2 Completed']);
    expect(steps.length).toBeLessThanOrEqual(4);
  });

  it('gives up waiting in time, and says what the release waits for', async () => {
    await begin('slow');
    const error = await refused(bed.sluice.wait(at('slow'), { timeout: 300 }));
    expect(error).toMatchObject({
      code: 'Timeout',
      message: 'rollout default/slow: not ended within 0.3 s. It is at step 1/4 and waits: approval of step 1.',
    });
  });
});

async function eventually(check: () => Promise<void>): Promise<void> {
  for (const until = Date.now() + 30_000; ; ) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
