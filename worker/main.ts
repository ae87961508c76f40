/** The worker process, from its flags to its end. */
import { DefaultLogger, type LogMetadata, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { connect, endpoint } from '../client/connect.ts';
import { createWorker } from './create.ts';
import type { Versioning } from './versioning.ts';

export type WorkerFlags = {
  readonly kubeconfig?: string;
  readonly watchNamespace?: string;
  readonly healthAddress: string;
  readonly versioning: Versioning;
  readonly cluster: string;
  readonly taskQueue: string;
  readonly identity: string;
};

/** Runs until SIGTERM or SIGINT, then drains. */
export async function runWorker(flags: WorkerFlags): Promise<void> {
  const log = (line: string) => void process.stderr.write(`${new Date().toISOString()} ${line}\n`);
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) =>
      log(`${level.toLowerCase()}: ${message}${known(meta)}`),
    ),
    // Temporal's core writes its own warnings in its own way unless they are passed on.
    telemetryOptions: { logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) } },
    shutdownSignals: [],
  });
  const { connection, temporalNamespace, address, stack } = await endpoint();
  // Says in one sentence why Temporal cannot be reached, where the worker's own connection would try on for long.
  await (await connect()).close();
  const kubeconfig = flags.kubeconfig ?? (process.env.KUBECONFIG === undefined ? stack?.kubeconfig : undefined);
  const worker = await createWorker({
    temporal: connection,
    temporalNamespace,
    taskQueue: flags.taskQueue,
    cluster: flags.cluster,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    health: hostPort(flags.healthAddress),
    versioning: flags.versioning,
    ...(flags.watchNamespace === undefined ? {} : { namespace: flags.watchNamespace }),
    log,
    worker: { identity: flags.identity },
  }).catch((error: unknown) => {
    throw healthError(error, flags.healthAddress);
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      log(`${signal}: taking no more work, letting what runs finish`);
      worker.shutdown();
    });
  log(
    `worker ready: Temporal ${address} (namespace ${temporalNamespace}), task queue ${flags.taskQueue}, health ${worker.health}`,
  );
  await worker.run();
  log('worker stopped');
}

/** Of all that Temporal tells with a warning, what leads to the release it is about. */
function known(meta: LogMetadata | undefined): string {
  const { workflowId, runId, activityType, error } = (meta ?? {}) as Record<string, unknown>;
  const why = error instanceof Error ? error.message : error;
  const told = Object.entries({ workflowId, runId, activityType, error: why }).filter(
    ([, value]) => value !== undefined,
  );
  return told.length === 0 ? '' : ` (${told.map(([name, value]) => `${name} ${String(value)}`).join(', ')})`;
}

/** What the address of the health endpoint may be wrong with, in words. */
function healthError(error: unknown, address: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return new Error(
      `${address} is in use by another program: choose another with --health-address (port 0 takes a free one)`,
    );
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL')
    return new Error(`${address} cannot be listened on (${code}): choose another with --health-address`);
  return error;
}

function hostPort(text: string): { host: string; port: number } {
  const match = /^(?:\[?([^\]]*)\]?:)?(\d+)$/.exec(text);
  if (match === null) throw new Error(`"${text}" is not an address: write HOST:PORT, such as 127.0.0.1:9090`);
  return { host: match[1] === undefined || match[1] === '' ? '0.0.0.0' : match[1], port: Number(match[2]) };
}
