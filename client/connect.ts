/** A connection to Temporal, from Temporal's own environment configuration, or to the embedded stack. */
import { connect as connectTcp } from 'node:net';
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { SluiceError } from './errors.ts';
import { grpcOf } from './mapping.ts';

/** Where an address came from: variables or a profile of Temporal's, the embedded stack, or Temporal's own default. */
export type AddressSource = 'environment' | 'stack' | 'default';

/** A connection that answered. Close it, or the process stays alive. */
export type Connected = {
  readonly client: Client;
  readonly connection: Connection;
  readonly address: string;
  readonly temporalNamespace: string;
  readonly source: AddressSource;
  /** The embedded stack, when `source` is `stack`: how its cluster is reached. */
  readonly stack?: { readonly name: string; readonly kubeconfig: string; readonly kubectl: string };
  close(): Promise<void>;
};

/** What to connect to; everything that is left out comes from the environment. */
export type ConnectOptions = {
  readonly address?: string;
  readonly temporalNamespace?: string;
  /** ms until an address counts as not answering. Default 5000. */
  readonly timeout?: number;
};

/** Where and how to connect, before anything was tried. */
export type Endpoint = Pick<Connected, 'address' | 'temporalNamespace' | 'source' | 'stack'> & {
  readonly connection: ConnectionOptions;
};

/**
 * Reads `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS*`, `TEMPORAL_PROFILE` and
 * `temporal.toml` as Temporal's own tools do. When none of them names an address, a running embedded stack is used,
 * else `localhost:7233`. Throws `BadInput` on a configuration that cannot be read.
 */
export async function endpoint(options: ConnectOptions = {}): Promise<Endpoint> {
  const { connection, namespace } = configured();
  const address = options.address ?? connection.address;
  const stack = address === undefined ? await embeddedStack() : undefined;
  const chosen = address ?? stack?.temporal.address ?? 'localhost:7233';
  return {
    address: chosen,
    temporalNamespace: options.temporalNamespace ?? namespace ?? stack?.temporal.namespace ?? 'default',
    source: stack !== undefined ? 'stack' : address === undefined ? 'default' : 'environment',
    ...(stack && {
      stack: { name: stack.name, kubeconfig: stack.kubernetes.kubeconfigs.admin, kubectl: stack.kubernetes.kubectl },
    }),
    connection: { ...connection, address: chosen },
  };
}

/** Connects, and returns when Temporal has answered. Throws `Unreachable`, `Denied` or `BadInput`, with the way out. */
export async function connect(options: ConnectOptions = {}): Promise<Connected> {
  const { connection: settings, ...where } = await endpoint(options);
  const timeout = options.timeout ?? 5000;
  const { connection, error } = await reached(settings, where.address, timeout);
  if (connection === undefined) throw notConnected(error, where, timeout);
  const client = new Client({ connection, namespace: where.temporalNamespace });
  return { client, connection, ...where, close: () => connection.close() };
}

function configured(): { connection: ConnectionOptions; namespace: string | undefined } {
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig();
    const { address, tls, apiKey, metadata } = connectionOptions as ConnectionOptions;
    const given = { address, tls, apiKey, metadata };
    return {
      connection: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
      namespace,
    };
  } catch (error) {
    const message = (error as { message?: string }).message ?? String(error);
    throw new SluiceError(
      'BadInput',
      `Temporal's configuration cannot be used: ${message}. See TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE and TEMPORAL_TLS_*.`,
      { cause: error },
    );
  }
}

async function embeddedStack() {
  try {
    // Lazily, since the client must not need dev/: a package without it simply has no embedded stack.
    const [{ readState }, { defaultStackName, stackDir }] = await Promise.all([
      import('../dev/state.ts'),
      import('../dev/paths.ts'),
    ]);
    return readState(stackDir(defaultStackName()))?.stack;
  } catch {
    return undefined;
  }
}

async function reached(
  settings: ConnectionOptions,
  address: string,
  timeout: number,
): Promise<{ connection?: Connection; error?: unknown }> {
  try {
    await knock(address);
    return { connection: await Connection.connect({ ...settings, connectTimeout: timeout }) };
  } catch (error) {
    return { error };
  }
}

/**
 * Rejects when it is plain that nobody listens. gRPC itself would go on trying until its timeout, which is five seconds
 * of silence for a typing error. Behind a proxy a direct connection says nothing.
 */
function knock(address: string): Promise<void> {
  const match = /^\[?([^\]/]+?)\]?:(\d+)$/.exec(address);
  const { grpc_proxy, http_proxy, https_proxy } = process.env;
  if (match === null || grpc_proxy || http_proxy || https_proxy) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: match[1] as string, port: Number(match[2]), timeout: 1000 });
    const over = () => {
      socket.destroy();
      resolve();
    };
    socket.once('connect', over).once('timeout', over);
    socket.once('error', (error: NodeJS.ErrnoException) =>
      reasons[error.code ?? ''] === undefined ? over() : reject(error),
    );
  });
}

const reasons: Record<string, string> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'no such host',
  EHOSTUNREACH: 'no route to that host',
  ENETUNREACH: 'no route to that network',
};

function notConnected(error: unknown, where: Omit<Endpoint, 'connection'>, timeout: number): SluiceError {
  const { code, details } = grpcOf(error);
  if (code === 7 || code === 16) {
    return new SluiceError(
      'Denied',
      `Temporal at ${where.address} does not let you in (${details}): check TEMPORAL_API_KEY, or the certificate in TEMPORAL_TLS_CLIENT_CERT_PATH.`,
      { cause: error },
    );
  }
  const { code: system, message = String(error) } = error as { code?: string; message?: string };
  const why = reasons[system ?? ''] ?? (/deadline/i.test(message) ? `no answer within ${timeout / 1000} s` : message);
  const way =
    where.source === 'stack'
      ? `That is the embedded stack "${where.stack?.name}": \`sluice dev up\` heals it.`
      : where.source === 'environment'
        ? 'The address comes from TEMPORAL_ADDRESS or your Temporal profile: correct it, and TEMPORAL_TLS if the server wants TLS.'
        : 'Set TEMPORAL_ADDRESS, or start the embedded stack with `sluice dev up`.';
  return new SluiceError('Unreachable', `Temporal does not answer at ${where.address} (${why}). ${way}`, {
    cause: error,
  });
}
