import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { main } from '../../client/cli/main.ts';
import { type TestIo, testIo } from './support/io.ts';
import { type Bed, testBed } from './support/temporal.ts';
import { plan } from './support/views.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
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

/** Begins one command line against the bed; kubectl finds no cluster. */
function follow(...words: string[]): { io: TestIo; code: Promise<number> } {
  const io = testIo();
  const bedded = ['--cluster', bed.cluster, '--task-queue', bed.taskQueue, '--kubeconfig', '/nowhere'];
  return { io, code: main([...words, ...bedded], io) };
}

/** Runs one command line to its end. */
async function sluice(...words: string[]): Promise<TestIo & { code: number }> {
  const { io, code } = follow(...words);
  return { ...io, code: await code };
}

async function until(seen: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !seen(); ) {
    if (Date.now() > end) throw new Error('it was never seen');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const begin = (name: string) => bed.sluice.start({ namespace: 'default', name, plan, by: 'bob', reason: 'tuesday' });

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const rollout = `apiVersion: rollouts.kruise.io/v1beta1
kind: Rollout
metadata:
  name: filed
spec:
  workloadRef: { apiVersion: apps/v1, kind: Deployment, name: echoserver }
  strategy:
    canary:
      enableExtraWorkloadForCanary: true
      steps:
      - { traffic: 20%, replicas: 1, pause: {} }
      - { traffic: 60%, replicas: 60% }
`;

describe('the sluice command', () => {
  it('starts the one Rollout of a file with several documents', async () => {
    const path = file('several.yaml', `apiVersion: v1\nkind: Service\nmetadata: { name: echoserver }\n---\n${rollout}`);
    const { code, written } = await sluice(
      'start',
      '-f',
      path,
      '--set-image',
      'main=echoserver:2',
      '--reason',
      'because',
    );
    expect(written()).toBe(
      'rollout default/filed started: step 2: 2 new pods, then 40 % of requests go to the new version\n',
    );
    expect(code).toBe(0);
    const view = await bed.sluice.get({ namespace: 'default', name: 'filed' });
    expect(view).toMatchObject({
      steps: 2,
      images: { canary: ['echoserver:2'] },
      decisions: [{ by: 'tess', via: 'cli', reason: 'because' }],
    });
  });

  it('points at line and column of each problem in a file, and sends nothing', async () => {
    const path = file('wrong.yaml', rollout.replace('replicas: 60%', 'replicas: 160%'));
    const { code, complaints, written } = await sluice('start', '-f', path);
    expect(complaints()).toMatch(new RegExp(`^${path}:12:\\d+: spec\\.strategy\\.canary\\.steps\\[1\\]`));
    expect([code, written()]).toEqual([2, '']);
  });

  it('says what is wrong with a file that holds no Rollout, two, no YAML, or is not there', async () => {
    const cases: [string, RegExp][] = [
      [file('none.yaml', 'apiVersion: v1\nkind: Service\n'), /there is no Rollout in it/],
      [
        file('two.yaml', `${rollout}---\n${rollout}`),
        /there are 2 Rollouts in it \(filed at line 1, filed at line 1[34]\): give one/,
      ],
      [file('broken.yaml', 'kind: Rollout\n  spec: [1\n'), /broken.yaml:\d+:\d+: /],
      [join(folder, 'missing.yaml'), /there is no such file/],
    ];
    for (const [path, message] of cases) {
      const { code, complaints } = await sluice('start', '-f', path);
      expect(complaints()).toMatch(message);
      expect(code).toBe(2);
    }
  });

  it('answers a command with one line', async () => {
    await begin('verbs');
    const approve = await sluice('approve', 'verbs', '--reason', 'looks good');
    expect(approve.written()).toBe(
      'rollout default/verbs approved: step 2: 2 new pods, then 40 % of requests go to the new version\n',
    );
    expect((await sluice('jump', 'default/verbs', '3')).written()).toMatch(/^rollout default\/verbs jumped to step 3/);
    for (const verb of ['pause', 'abort', 'retry']) expect((await sluice(verb, 'rollout/verbs')).code).toBe(0);
    const { decisions } = await bed.sluice.get({ namespace: 'default', name: 'verbs' });
    expect(decisions[1]).toMatchObject({
      what: 'approved',
      by: 'tess',
      via: 'cli',
      reason: 'looks good',
      step: 1,
      revision: 'bbb',
    });
  });

  it('tells scripts apart what went wrong by exit codes', async () => {
    await begin('codes');
    expect((await sluice('resume', 'codes')).code).toBe(1);
    expect((await sluice('approve', 'codes', '--step', '3')).code).toBe(1);
    expect((await sluice('approve', 'codes', '--step', 'x')).code).toBe(2);
    expect((await sluice('jump', 'codes', '0')).code).toBe(2);
    expect((await sluice('get', 'codes', '-o', 'xml')).code).toBe(2);
    expect((await sluice('gte', 'codes')).code).toBe(2);
    expect((await sluice('approve', 'nobody')).code).toBe(4);
    expect((await sluice('get', 'nobody')).code).toBe(4);
    expect((await sluice('status', 'codes', '--timeout', '300ms')).code).toBe(3);
    await bed.signal('codes', 'set', { outcome: 'Completed', message: 'done' });
    await bed.sluice.wait({ namespace: 'default', name: 'codes' });
    expect((await sluice('approve', 'codes')).code).toBe(4);
    expect((await sluice('status', 'codes')).code).toBe(0);
  });

  it('follows a release for CI, one line per change, until it ends', async () => {
    await begin('ci');
    const { io, code } = follow('status', 'ci', '--timeout', '60s');
    await until(() => io.written().includes('step 1/4'));
    await bed.signal('ci', 'set', { step: 2, traffic: 40 });
    await until(() => io.written().includes('step 2/4'));
    await bed.signal('ci', 'set', { outcome: 'RolledBack', message: 'taken back' });
    expect(await code).toBe(1);
    expect(io.written().trim().split('\n')).toEqual([
      'rollout default/ci: step 1/4, 5 %, waits for approval of step 1',
      'rollout default/ci: step 2/4, 40 %, waits for approval of step 1',
      'rollout default/ci: rolled back: taken back',
    ]);
  });

  it('does not let CI wait for a release that somebody aborted, or that is failing', async () => {
    await begin('bad');
    await bed.signal('bad', 'set', { failing: true });
    expect((await sluice('status', 'bad', '--timeout', '20s')).code).toBe(1);
    await bed.signal('bad', 'set', { failing: false, aborted: true });
    expect((await sluice('status', 'bad', '--timeout', '20s')).code).toBe(1);
    await bed.signal('bad', 'set', { aborted: false });
    expect((await sluice('status', 'bad', '--watch=false')).code).toBe(3);
  });

  it('shows a release even where there is no cluster to be read, and says so', async () => {
    await begin('seen');
    const { code, written } = await sluice('get', 'seen');
    expect(code).toBe(0);
    expect(written()).toMatch(/Status: +‖ Waits for approval/);
    expect(written()).toMatch(/‖ +1 +5 % +1 pod +until approved/);
    expect(written()).toMatch(/! Not shown: /);
    expect(written()).not.toContain('\u001b');
    const json = await sluice('get', 'seen', '-o', 'json');
    expect(JSON.parse(json.written())).toMatchObject({ name: 'seen', step: 1, stepState: 'StepPaused' });
    expect((await sluice('get', 'seen', '-o', 'yaml')).written()).toMatch(/^cluster: /);
  });

  it('lists releases with what they wait for', async () => {
    await begin('listed');
    const until = Date.now() + 5000;
    let text = '';
    while (!text.includes('listed') && Date.now() < until) text = (await sluice('list')).written();
    expect(text).toMatch(/^NAMESPACE +NAME +STATUS +STEP +TRAFFIC +AGE +WAITS FOR/);
    expect(text).toMatch(/default +listed +‖ Waits for approval +1\/4 +5 % +\d+s +approval of step 1 \(/);
    const empty = await sluice('list', '-n', 'empty');
    expect([empty.code, empty.written()]).toEqual([0, '']);
    expect(empty.complaints()).toContain('No releases under way in namespace empty');
  });

  it('tells who decided what and why', async () => {
    await begin('told');
    await sluice('approve', 'told', '--reason', 'the numbers look right', '--by', 'carol');
    const one = (await sluice('history', 'told', '--release', 'last')).written();
    expect(one).toMatch(/WHEN +STEP +WHAT +WHO +WHY/);
    expect(one).toMatch(/1 +approved +carol \(cli\) +the numbers look right/);
    expect((await sluice('history', 'told')).written()).toMatch(/RELEASE +OUTCOME +STARTED +TOOK/);
    expect((await sluice('history', 'told', '--limit', 'x')).code).toBe(2);
  });

  it('explains, with commands that can be pasted', async () => {
    await begin('why');
    const { written } = await sluice('explain', 'why');
    expect(written()).toContain('rollout default/why is at step 1/4 (5 % of requests): waits for approval.');
    expect(written()).toContain(`sluice approve why -n default --cluster ${bed.cluster} --task-queue ${bed.taskQueue}`);
    expect(written()).not.toContain('sluice resume');
  });

  it('follows a release where there is no terminal with a block per change', async () => {
    await begin('blocks');
    const { io, code } = follow('get', 'blocks', '-w');
    await until(() => io.written().includes('1/4 (StepPaused)'));
    await bed.signal('blocks', 'set', { step: 2 });
    await until(() => io.written().includes('2/4 (StepPaused)'));
    io.interrupt();
    expect(await code).toBe(0);
    expect(io.written().split('\n---\n')).toHaveLength(2);
    expect(io.written()).not.toContain('\u001b');
  });
});
