/**
 * The `sluice worker` of the tests that dies on purpose: the same worker with the same flags, which ends itself by
 * SIGKILL just before or just after an execution of an activity, once.
 *
 * Where, is the text of the file named by SLUICE_TEST_CRASH_FILE: `before:upgradePods:1`, `after:look:3` (the n-th
 * execution of that type, normal or local, in this process since the file was written). The file is removed first, so
 * that the worker that is started again lives. `after` is the worst moment: the effect is there and nobody knows.
 */
import { readFileSync, rmSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

// As the launcher of the `sluice` command does it: a third of a start, of which there are a hundred here.
enableCompileCache(join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sluice', 'compiled'));
const { DefaultLogger, Runtime } = await import('@temporalio/worker');
const { endpoint } = await import('../../client/connect.ts');
const { createWorker } = await import('../../worker/create.ts');

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    'task-queue': { type: 'string', default: 'sluice' },
    cluster: { type: 'string', default: 'test' },
    'watch-namespace': { type: 'string' },
    'health-address': { type: 'string' },
    kubeconfig: { type: 'string' },
  },
});

type Point = { readonly when: string; readonly activity: string; readonly nth: number };

const file = process.env.SLUICE_TEST_CRASH_FILE ?? '';
let armed = '';
let seen = new Map<string, number>();

/** The point asked for now; what was counted for another one is forgotten. */
function point(): Point | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    const id = `${text}/${statSync(file).mtimeMs}`;
    if (id !== armed) {
      armed = id;
      seen = new Map();
    }
    const [when = '', activity = '', nth = '1'] = text.trim().split(':');
    return { when, activity, nth: Number(nth) };
  } catch {
    return undefined;
  }
}

function die(what: string): never {
  rmSync(file);
  process.stderr.write(`dying ${what}\n`);
  process.kill(process.pid, 'SIGKILL');
  // The signal is on its way: nothing of what follows may run.
  for (;;);
}

const dying: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    async execute(input, next) {
      const at = point();
      const nth = (seen.get(info.activityType) ?? 0) + 1;
      seen.set(info.activityType, nth);
      const here = at !== undefined && at.activity === info.activityType && at.nth === nth;
      if (here && at.when === 'before') die(`before ${info.activityType} ${nth}`);
      try {
        return await next(input);
      } finally {
        if (here && at.when === 'after') die(`after ${info.activityType} ${nth}`);
      }
    },
  },
});

Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [] });
const { connection, temporalNamespace } = await endpoint();
const worker = await createWorker({
  temporal: connection,
  temporalNamespace,
  taskQueue: values['task-queue'],
  cluster: values.cluster,
  ...(values.kubeconfig === undefined ? {} : { kubeconfig: values.kubeconfig }),
  health: { host: '127.0.0.1', port: 0 },
  versioning: 'auto',
  ...(values['watch-namespace'] === undefined ? {} : { namespace: values['watch-namespace'] }),
  log: (line) => void process.stderr.write(`${new Date().toISOString()} ${line}\n`),
  worker: { interceptors: { activity: [dying] } },
});
process.once('SIGTERM', () => worker.shutdown());
process.stderr.write(`worker ready: health ${worker.health}\n`);
await worker.run();
