import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { DevError } from '../errors.ts';

/** A Kubernetes API answer. */
export interface ApiResponse {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of any API kind
  readonly body: any;
}

/**
 * A few lines in place of the Kubernetes client, whose import alone takes over a second: `up` must be quick, and the CLI
 * must be able to import this.
 */
export class KubeApi {
  readonly #agent: Agent;
  readonly #server: string;
  readonly #token: string;

  constructor(options: { readonly server: string; readonly caFile: string; readonly token: string }) {
    this.#server = options.server;
    this.#token = options.token;
    this.#agent = new Agent({ keepAlive: true, ca: readFileSync(options.caFile), maxSockets: 8 });
  }

  /** Sends one request; answers any status. Rejects only when there is no answer. */
  request(
    method: string,
    path: string,
    body?: unknown,
    { contentType = 'application/json', accept = 'application/json' } = {},
  ): Promise<ApiResponse> {
    return new Promise((resolve, reject) => {
      const headers: Record<string, string> = { authorization: `Bearer ${this.#token}`, accept };
      if (body !== undefined) headers['content-type'] = contentType;
      const call = request(
        `${this.#server}${path}`,
        { method, agent: this.#agent, headers, timeout: 10_000 },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (chunk: string) => {
            text += chunk;
          });
          answer.on('error', reject);
          answer.on('end', () => {
            const isJson = answer.headers['content-type']?.includes('json') === true;
            resolve({ status: answer.statusCode ?? 0, body: isJson && text !== '' ? JSON.parse(text) : text });
          });
        },
      );
      call.on('timeout', () => call.destroy(new Error(`${method} ${path} got no answer within 10 s`)));
      call.on('error', reject);
      call.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
    });
  }

  /** The object at `path`, or undefined when there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: JSON of any API kind
  async get(path: string, accept?: string): Promise<any | undefined> {
    const { status, body } = await this.request('GET', path, undefined, accept === undefined ? {} : { accept });
    if (status === 404) return undefined;
    if (status !== 200) throw refusal('GET', path, { status, body });
    return body;
  }

  /** Server-side apply: makes the object, or sets the fields given. YAML may be given as text. */
  async apply(path: string, object: unknown): Promise<void> {
    // Big CRDs do not fit the last-applied annotation of a client-side apply. JSON is YAML, so one content type does.
    const contentType = 'application/apply-patch+yaml';
    const answer = await this.request('PATCH', `${path}?fieldManager=sluice-dev&force=true`, object, { contentType });
    if (answer.status !== 200 && answer.status !== 201) throw refusal('apply', path, answer);
  }

  /** Closes idle connections. */
  close(): void {
    this.#agent.destroy();
  }
}

function refusal(verb: string, path: string, { status, body }: ApiResponse): DevError {
  const said = body?.message ?? body;
  return new DevError(`The embedded API server refused ${verb} ${path} with ${status}: ${said}`);
}
