/** One API server, reached over kept connections, with whatever authentication the kubeconfig names. */
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, request } from 'undici';
import { KubeError } from './errors.ts';

export type CallOptions = {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Milliseconds for the whole answer; default 10,000. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
};

type Observer = (call: { method: string; path: string; status: number; milliseconds: number }) => void;

/**
 * The client library builds a new TLS connection for each request; at hundreds of patches a minute that is most of
 * their cost. So it is asked only for what it knows best (kubeconfig, tokens, exec and OIDC plugins, certificates), and
 * the requests go through one bounded pool.
 */
export class KubeConnection {
  readonly #config: KubeConfig;
  readonly #observe: Observer;
  #agent: Agent | undefined;
  #agentKey = '';

  constructor(config: KubeConfig, observe: Observer = () => {}) {
    this.#config = config;
    this.#observe = observe;
  }

  /** From KUBECONFIG, the default file, or the Pod's own service account, in the client library's order. */
  static fromDefault(observe?: Observer): KubeConnection {
    const config = new KubeConfig();
    config.loadFromDefault();
    return new KubeConnection(config, observe);
  }

  static fromFile(file: string, observe?: Observer): KubeConnection {
    const config = new KubeConfig();
    config.loadFromFile(file);
    return new KubeConnection(config, observe);
  }

  get server(): string {
    return this.#config.getCurrentCluster()?.server ?? '';
  }

  /** Sends one request and returns the parsed answer; throws {@link KubeError} for anything but a 2xx. */
  async call<T>(method: Dispatcher.HttpMethod, path: string, options: CallOptions = {}): Promise<T> {
    const started = performance.now();
    const timeout = AbortSignal.timeout(options.timeout ?? 10_000);
    const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
    let status = 0;
    try {
      const answer = await this.#send(method, path, options, signal);
      status = answer.statusCode;
      const text = await answer.body.text();
      if (status < 200 || status > 299) throw refusal(method, path, status, text, answer.headers);
      return (text === '' ? undefined : JSON.parse(text)) as T;
    } catch (error) {
      throw (error as Error).name === 'KubeError' ? error : unreachable(method, path, this.server, error);
    } finally {
      this.#observe({ method, path, status, milliseconds: performance.now() - started });
    }
  }

  /** Opens a watch: the raw stream of JSON lines. Ends when the server or `signal` ends it. */
  async stream(path: string, query: CallOptions['query'], signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    try {
      const answer = await this.#send('GET', path, query === undefined ? {} : { query }, signal);
      if (answer.statusCode === 200) return answer.body;
      throw refusal('GET', path, answer.statusCode, await answer.body.text(), answer.headers);
    } catch (error) {
      throw (error as Error).name === 'KubeError' ? error : unreachable('GET', path, this.server, error);
    }
  }

  async close(): Promise<void> {
    await this.#agent?.destroy();
  }

  async #send(method: Dispatcher.HttpMethod, path: string, options: CallOptions, signal: AbortSignal) {
    const cluster = this.#config.getCurrentCluster();
    if (cluster === null) throw new Error('the kubeconfig names no current cluster: set its current-context');
    const tls: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(tls);
    const url = new URL(cluster.server.replace(/\/$/, '') + path);
    for (const [key, value] of Object.entries(options.query ?? {}))
      if (value !== undefined) url.searchParams.set(key, String(value));
    return request(url, {
      method,
      dispatcher: this.#pool(tls),
      signal,
      headersTimeout: 0,
      bodyTimeout: 0,
      headers: {
        accept: 'application/json',
        'user-agent': 'sluice',
        ...(tls.headers as Record<string, string>),
        ...(options.body === undefined ? {} : { 'content-type': options.contentType ?? 'application/json' }),
        ...(tls.auth === undefined || tls.auth === null
          ? {}
          : { authorization: `Basic ${Buffer.from(tls.auth).toString('base64')}` }),
      },
      body: options.body === undefined ? null : JSON.stringify(options.body),
    });
  }

  /** The pool lives as long as the certificates do: a rotated client certificate gets a new one. */
  #pool(tls: RequestOptions): Agent {
    const { ca, cert, key, servername, rejectUnauthorized } = tls;
    const id = [ca, cert, key, servername, rejectUnauthorized].map(String).join('\n');
    if (this.#agent === undefined || id !== this.#agentKey) {
      this.#agentKey = id;
      this.#agent = new Agent({
        connections: 64,
        keepAliveTimeout: 60_000,
        connect: {
          ...(ca === undefined ? {} : { ca }),
          ...(cert === undefined ? {} : { cert }),
          ...(key === undefined ? {} : { key }),
          ...(servername === undefined ? {} : { servername }),
          ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
          timeout: 5_000,
        },
      });
    }
    return this.#agent;
  }
}

function refusal(
  method: string,
  path: string,
  status: number,
  text: string,
  headers: Record<string, string | string[] | undefined>,
): KubeError {
  let reason = String(status);
  let message = text.slice(0, 500);
  try {
    const body = JSON.parse(text) as { reason?: string; message?: string };
    reason = body.reason ?? reason;
    message = body.message ?? message;
  } catch {
    // Not a Status object (a proxy's page, say): its text has to do.
  }
  const seconds = Number(headers['retry-after']);
  return new KubeError(
    `${method} ${path}: ${status} ${message}`,
    status,
    reason,
    Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined,
  );
}

function unreachable(method: string, path: string, server: string, error: unknown): KubeError {
  const cause = (error as { cause?: { message?: string } }).cause?.message ?? (error as Error).message;
  return new KubeError(`${method} ${path}: no answer from the API server ${server} (${cause})`, 0, 'Unreachable');
}
