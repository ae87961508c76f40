import { accessSync, chmodSync, constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { DevError, errorCode } from '../errors.ts';
import { withLock } from '../lock.ts';
import { binaryCacheDir } from '../paths.ts';
import { build } from './build.ts';
import { type ServerKey, servers } from './catalog.ts';

type Log = (line: string) => void;

/** Where a server's binary is, or will be. */
export function serverPath(key: ServerKey): string {
  const { name, version } = servers[key];
  return join(binaryCacheDir(), `${name}-${version}`, name);
}

/** The text of a file from the catalog that is no program. */
export function obtainedText(key: ServerKey): string {
  return readFileSync(serverPath(key), 'utf8');
}

/** The servers among `keys` that are not in the cache yet. */
export function missingServers(keys: readonly ServerKey[]): ServerKey[] {
  return keys.filter((key) => !existsSync(serverPath(key)));
}

/**
 * Makes sure that the binaries are in the cache, building what is missing, one after the other (a Go build uses all cores).
 * Any number of processes may do this at once: each binary is built by one of them and put in place by a rename.
 */
export async function obtainServers(keys: readonly ServerKey[], log: Log): Promise<void> {
  const missing = missingServers(keys);
  if (missing.length === 0) return;
  const total = missing.reduce((sum, key) => sum + servers[key].expectedSeconds, 0);
  log(
    `Obtaining ${missing.length} of ${keys.length} servers, once for this machine: about ${inWords(total)} on two cores.`,
  );
  for (const [index, key] of missing.entries()) {
    await obtainServer(key, `[${index + 1}/${missing.length}]`, log);
  }
}

/** Path of a kubectl: the machine's own, else one from the cache, else built. */
export async function obtainKubectl(log: Log): Promise<string> {
  const own = onPath('kubectl');
  if (own !== undefined) return own;
  await obtainServers(['kubectl'], log);
  return serverPath('kubectl');
}

/** First executable of this name on PATH. */
export function onPath(name: string): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    const candidate = join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // next
    }
  }
  return undefined;
}

async function obtainServer(key: ServerKey, position: string, log: Log): Promise<void> {
  const server = servers[key];
  const target = serverPath(key);
  const folder = dirname(target);
  makeFolder(binaryCacheDir());
  await withLock(
    `${folder}.lock`,
    async () => {
      if (existsSync(target)) return; // built by whoever held the lock before us
      const title = `${position} ${server.name} ${server.version}`;
      log(
        `${title}: ${server.recipe.kind.startsWith('go-') ? 'building' : 'downloading'}, about ${inWords(server.expectedSeconds)}`,
      );
      const started = performance.now();
      const elapsed = () => inWords((performance.now() - started) / 1000);
      const ticker = setInterval(() => log(`${title}: ${elapsed()} so far`), 15_000);
      // We hold the lock, so a folder of that name is what a killed build left.
      const work = `${folder}.building`;
      rmSync(work, { recursive: true, force: true });
      try {
        makeFolder(work);
        const made = await build(server, work);
        chmodSync(made, 0o755);
        makeFolder(folder);
        renameSync(made, target);
      } finally {
        clearInterval(ticker);
        rmSync(work, { recursive: true, force: true });
      }
      log(`${title}: done in ${elapsed()}`);
    },
    (holder) => log(`${position} ${server.name}: another process (pid ${holder.pid}) is building it, waiting`),
  );
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new DevError(
      `Cannot make the cache folder ${folder} (${errorCode(error)}): make it writable, or set XDG_CACHE_HOME to a folder with 2 GB free.`,
    );
  }
}

/** `45 s`, `12 min`. */
export function inWords(seconds: number): string {
  return seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;
}
