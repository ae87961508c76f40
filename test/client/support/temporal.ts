/** The Temporal server of the test run, with a worker for the stand-in on a queue of the test file's own. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { SluiceClient, type SluiceClientOptions } from '../../../client/index.ts';
import { workflowIdOf } from '../../../domain/view.ts';
import { searchAttributes } from '../../../workflows/messages.ts';

export type Bed = {
  readonly address: string;
  readonly client: Client;
  /** A cluster name of the file's own, so that its lists are its own too. */
  readonly cluster: string;
  readonly taskQueue: string;
  readonly sluice: SluiceClient;
  clientWith(options: SluiceClientOptions): SluiceClient;
  /** Starts the stand-in's worker, and returns what ends it. */
  work(): Promise<() => Promise<void>>;
  signal(name: string, signal: string, ...args: unknown[]): Promise<void>;
  close(): Promise<void>;
};

/** Connects; the address is the shared server's (TEMPORAL_ADDRESS), or SLUICE_TEST_TEMPORAL. */
export async function testBed(): Promise<Bed> {
  const address = process.env.SLUICE_TEST_TEMPORAL ?? process.env.TEMPORAL_ADDRESS;
  if (address === undefined) throw new Error('no Temporal server: the global setup sets TEMPORAL_ADDRESS');
  const connection = await Connection.connect({ address });
  process.env.TEMPORAL_ADDRESS = address;
  const namespace = process.env.TEMPORAL_NAMESPACE ?? 'default';
  const client = new Client({ connection, namespace });
  await register(connection, namespace);
  const [cluster, taskQueue] = [`c-${randomUUID().slice(0, 8)}`, `q-${randomUUID()}`];
  const clientWith = (options: SluiceClientOptions) => new SluiceClient(client, { cluster, taskQueue, ...options });
  return {
    address,
    client,
    cluster,
    taskQueue,
    sluice: clientWith({}),
    clientWith,
    work: () => work(address, namespace, taskQueue),
    signal: (name, signal, ...args) =>
      client.workflow.getHandle(workflowIdOf({ cluster, namespace: 'default', name })).signal(signal, ...args),
    close: () => connection.close(),
  };
}

Runtime.install({ logger: new DefaultLogger('ERROR') });

async function work(address: string, namespace: string, taskQueue: string): Promise<() => Promise<void>> {
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowsPath: fileURLToPath(new URL('./stand-in.ts', import.meta.url)),
  });
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
    await connection.close();
  };
}

async function register(connection: Connection, namespace: string): Promise<void> {
  const { target, phase, revision, step } = searchAttributes;
  const wanted = { [target]: 2, [phase]: 2, [revision]: 2, [step]: 3 };
  const there = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.fromEntries(
    Object.entries(wanted).filter(([name]) => there.customAttributes?.[name] === undefined),
  );
  // Another test file may be faster.
  if (Object.keys(missing).length > 0)
    await connection.operatorService
      .addSearchAttributes({ namespace, searchAttributes: missing })
      .catch(() => undefined);
}
