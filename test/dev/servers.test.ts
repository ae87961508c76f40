import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { milliseconds, viewOf } from '../../dev/dataplane/pod-book.ts';
import { withLock } from '../../dev/lock.ts';
import { self } from '../../dev/procfs.ts';
import { writePrivate } from '../../dev/state.ts';
import { fakeGo, pathWithoutGo, sluiceDev } from './support.ts';

const scratch = mkdtempSync(join(tmpdir(), 'sluice-servers-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** `sluice dev up` with an empty cache and this PATH: it must fail before anything is started. */
async function upWith(path: string): Promise<string> {
  const cache = mkdtempSync(join(scratch, 'cache-'));
  const { code, stderr } = await sluiceDev(['up', '--name', `no-go-${process.pid}`], {
    env: {
      XDG_CACHE_HOME: cache,
      XDG_STATE_HOME: mkdtempSync(join(scratch, 'state-')),
      PATH: path,
    },
  });
  expect(code).toBe(1);
  // No half-made binary, lock or work folder stays behind.
  expect(readdirSync(join(cache, 'sluice', 'bin'))).toEqual([]);
  return stderr.trim().split('\n').at(-1) ?? '';
}

const goodVersion = '[ "$1" = env ] && { echo go1.26.1; exit 0; }';

describe('obtaining servers', () => {
  test('without Go, one sentence says what to install', async () => {
    expect(await upWith(pathWithoutGo(scratch))).toBe(
      'Go is missing: the servers are built from source, so install Go 1.26 or newer and put "go" on PATH.',
    );
  });

  test('an old Go is named', async () => {
    expect(await upWith(fakeGo(scratch, 'echo go1.21.3'))).toBe(
      'Go on PATH is go1.21.3, which is too old for the servers: install Go 1.26 or newer.',
    );
  });

  test('without a network, one sentence says which setting helps', async () => {
    const go = fakeGo(scratch, goodVersion, 'echo "dial tcp: lookup proxy.test: no such host" >&2', 'exit 1');
    expect(await upWith(go)).toMatch(/could not be obtained: no network for go .*set GOPROXY to a mirror/);
  });

  test('a full disk is called that', async () => {
    const go = fakeGo(scratch, goodVersion, 'echo "write /x: no space left on device" >&2', 'exit 1');
    expect(await upWith(go)).toMatch(/could not be obtained: the disk is full\. Free 5 GB/);
  });
});

describe('the lock', () => {
  const path = join(scratch, 'lock');

  test('lets one at a time in', async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside--;
    };
    await Promise.all(Array.from({ length: 5 }, () => withLock(path, work)));
    expect(most).toBe(1);
  });

  test('of a dead process, or of a pid that now belongs to another program, is taken over', async () => {
    writePrivate(path, JSON.stringify({ ...self(), startTime: '1', nonce: 'old' }));
    expect(await withLock(path, async () => 'in')).toBe('in');
  });

  test('is given back when the work fails', async () => {
    await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock(path, async () => 'in')).toBe('in');
  });
});

describe('the pod stand-in', () => {
  const pod = {
    metadata: { uid: 'u', name: 'p', namespace: 'n', resourceVersion: '1' },
    spec: { nodeName: 'node-1', containers: [{ image: 'registry:5000/echo:1.10.2@sha256:00' }] },
    status: { podIP: '10.128.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
  };

  test('takes the version from the tag', () => {
    expect(viewOf(pod, undefined)).toMatchObject({ version: '1.10.2', serves: true });
  });

  test('serves while terminating what was Ready, and nothing that never was', () => {
    const terminating = {
      ...pod,
      metadata: { ...pod.metadata, deletionTimestamp: 'now' },
      status: { podIP: '10.128.0.1', conditions: [{ type: 'Ready', status: 'False' }] },
    };
    expect(viewOf(terminating, viewOf(pod, undefined))?.serves).toBe(true);
    expect(viewOf(terminating, undefined)?.serves).toBe(false);
  });

  test('has no pod without an address', () => {
    expect(viewOf({ ...pod, status: {} }, undefined)).toBeUndefined();
  });

  test.each([
    ['300ms', 300],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['3', 3000],
    ['nonsense', 0],
  ])('reads the duration %s', (text, expected) => expect(milliseconds(text)).toBe(expected));
});
