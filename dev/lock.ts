import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from './errors.ts';
import { isAlive, type ProcessId, self } from './procfs.ts';
import { delay } from './wait.ts';

let counter = 0;

/**
 * Runs `work` while holding the lock file, so that one process at a time does (and one caller at a time within a process).
 * Waits as long as the holder lives; `onWait` is called once with the holder when there is a wait. The lock of a dead
 * process is taken over.
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  onWait?: (holder: ProcessId) => void,
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const mine = JSON.stringify({ ...self(), nonce: `${process.pid}-${counter++}` });
  let told = false;
  for (;;) {
    if (tryAcquire(path, mine)) break;
    const holder = takeOverIfDead(path);
    if (holder !== undefined && !told) {
      told = true;
      onWait?.(holder);
    }
    await delay(holder === undefined ? 5 : 100);
  }
  try {
    return await work();
  } finally {
    if (readOrUndefined(path) === mine) rmSync(path, { force: true });
  }
}

/** link(2) makes the file appear with its content, so no one ever reads an empty lock. */
function tryAcquire(path: string, content: string): boolean {
  const own = `${path}.${process.pid}.${counter++}`;
  writeFileSync(own, content, { mode: 0o600 });
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Removes the lock of a dead holder; answers the holder when it is alive. */
function takeOverIfDead(path: string): ProcessId | undefined {
  const content = readOrUndefined(path);
  if (content === undefined) return undefined;
  const holder = JSON.parse(content) as ProcessId;
  if (isAlive(holder)) return holder;
  const aside = `${path}.stale.${process.pid}.${counter++}`;
  try {
    renameSync(path, aside);
  } catch {
    return undefined; // another waiter was faster
  }
  // Between the read and the rename another waiter may have put its own live lock there: give that one back.
  if (readOrUndefined(aside) !== content) {
    try {
      linkSync(aside, path);
    } catch {
      // a third one holds the lock by now; the one whose file we moved notices nothing, which is why this is narrow, not proof
    }
  }
  rmSync(aside, { force: true });
  return undefined;
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
