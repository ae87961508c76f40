/** The workflow code as one prebuilt file: made once per version of the sources, kept with the user's caches. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BundleOptions } from '@temporalio/worker';

const root = fileURLToPath(new URL('..', import.meta.url));

export type Bundle = { readonly codePath: string; readonly buildId: string };

/**
 * Path and build ID of the bundle. The ID is a digest of what is in it, so a worker of the same code is the same build
 * wherever it runs, and one of other code never replays another's history by mistake.
 */
export async function workflowBundle(): Promise<Bundle> {
  const digest = createHash('sha256');
  for (const file of sources()) digest.update(`${file}\0`).update(readFileSync(join(root, file)));
  const sdk = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  digest.update(sdk.dependencies['@temporalio/workflow'] ?? '');
  const buildId = digest.digest('hex').slice(0, 12);
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sluice', 'bundles');
  const codePath = join(folder, `workflows-${buildId}.js`);
  if (!existsSync(codePath)) {
    const { bundleWorkflowCode } = await import('@temporalio/worker');
    const options: BundleOptions = { workflowsPath: join(root, 'workflows'), logger: quiet };
    const { code } = await bundleWorkflowCode(options);
    mkdirSync(folder, { recursive: true });
    // Written aside and renamed: another worker that starts now sees all of it or nothing.
    const aside = `${codePath}.${process.pid}`;
    writeFileSync(aside, code);
    renameSync(aside, codePath);
  }
  return { codePath, buildId };
}

function sources(): string[] {
  return ['workflows', 'domain']
    .flatMap((folder) => readdirSync(join(root, folder)).map((file) => `${folder}/${file}`))
    .filter((file) => /\.[jt]s$/.test(file))
    .sort();
}

const nothing = () => {};
const quiet = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
