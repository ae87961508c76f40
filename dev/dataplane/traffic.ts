import { spawn } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import { createInterface } from 'node:readline';
import { DevError } from '../errors.ts';
import { scriptPath } from '../paths.ts';
import { memberVariable } from '../procfs.ts';
import type { Stack } from '../types.ts';
import { dataPlaneOf, insidePorts } from './components.ts';
import type { LoadOptions, LoadReport } from './load-types.ts';
import { enterNamespace } from './netns.ts';

export type { Counts, LoadOptions, LoadReport } from './load-types.ts';

/** An answer that came through Envoy. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** Who answered, when it was a pod. */
  readonly pod: string | undefined;
  readonly version: string | undefined;
}

/** One request through Envoy, from outside of the namespace. Rejects when there is no answer within five seconds. */
export function request(
  stack: Stack,
  { host, path = '/', method = 'GET', headers = {} }: Omit<LoadOptions, 'rps' | 'durationMs' | 'count'>,
): Promise<Answer> {
  const { sockets } = dataPlaneOf(stack.dataPlane);
  return call(sockets.envoy, { path, method, headers: { host, ...headers } });
}

/** What the pod stand-in has seen since the stack came up or the last `resetPodCounters`. */
export interface PodCounters {
  /** Requests answered, by pod name. */
  readonly served: Readonly<Record<string, number>>;
  /** Connections and requests that came to an address with no pod, or with a pod that was not Ready. */
  readonly refused: readonly {
    ip: string;
    pod: string;
    reason: 'no pod' | 'not ready';
    count: number;
    lastAt: string;
  }[];
}

/** Reads the counters of the pod stand-in. */
export async function podCounters(stack: Stack): Promise<PodCounters> {
  const { body } = await call(dataPlaneOf(stack.dataPlane).sockets.pods, {
    path: '/counters',
    method: 'GET',
    headers: {},
  });
  return JSON.parse(body) as PodCounters;
}

/** Sets the counters of the pod stand-in to nothing. */
export async function resetPodCounters(stack: Stack): Promise<void> {
  await call(dataPlaneOf(stack.dataPlane).sockets.pods, { path: '/reset', method: 'POST', headers: {} });
}

/** A running load. */
export interface Load {
  /** Counts since the last sample and in total. */
  sample(): Promise<LoadReport>;
  /** Forgets all counts. */
  reset(): Promise<LoadReport>;
  /** Waits for outstanding answers, ends the generator, and answers the last report. */
  stop(): Promise<LoadReport>;
  /** Resolves when `durationMs` or `count` is reached. */
  readonly finished: Promise<LoadReport>;
}

/** Starts a constant rate of requests from inside of the namespace to Envoy. It ends with this process at the latest. */
export async function startLoad(stack: Stack, options: LoadOptions): Promise<Load> {
  const { holderPid } = dataPlaneOf(stack.dataPlane);
  const inner = {
    file: process.execPath,
    args: [
      '--disable-warning=ExperimentalWarning',
      scriptPath('./load', import.meta.url),
      String(insidePorts.envoy),
      JSON.stringify(options),
    ],
  };
  const { file, args } = enterNamespace({ stack, pidOf: () => holderPid }, inner);
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, [memberVariable]: stack.dir },
  });
  const waiting: {
    event: LoadReport['event'];
    resolve: (report: LoadReport) => void;
    reject: (error: Error) => void;
  }[] = [];
  const next = (event: LoadReport['event']): Promise<LoadReport> =>
    new Promise((resolve, reject) => waiting.push({ event, resolve, reject }));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const report = JSON.parse(line) as LoadReport;
    const index = waiting.findIndex(({ event }) => event === report.event);
    if (index >= 0) waiting.splice(index, 1)[0]?.resolve(report);
  });
  const exited = new Promise<void>((resolve) => {
    child.once('close', (code) => {
      for (const { reject } of waiting.splice(0))
        reject(new DevError(`The load generator has ended (exit code ${code}).`));
      resolve();
    });
  });
  child.stdin.on('error', () => {}); // it has ended; whoever waits is told above
  const ask = (cmd: string, event: LoadReport['event']): Promise<LoadReport> => {
    if (child.exitCode !== null) return Promise.reject(new DevError('The load generator has ended.'));
    const answer = next(event);
    child.stdin.write(`${JSON.stringify({ cmd })}\n`);
    return answer;
  };
  const finished = next('finished');
  finished.catch(() => {}); // most loads are stopped, not finished
  await ask('reset', 'reset'); // the clock starts when the generator is there
  return {
    sample: () => ask('sample', 'sample'),
    reset: () => ask('reset', 'reset'),
    stop: async () => {
      const report = await ask('stop', 'stopped');
      await exited;
      return report;
    },
    finished,
  };
}

function call(
  socketPath: string,
  options: { path: string; method: string; headers: Readonly<Record<string, string>> },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ socketPath, ...options, agent: false, timeout: 5000 }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        body += chunk;
      });
      answer.on('error', reject);
      answer.on('end', () => {
        const text = (name: string) => (typeof answer.headers[name] === 'string' ? answer.headers[name] : undefined);
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body,
          pod: text('x-pod'),
          version: text('x-version'),
        });
      });
    });
    outgoing.on('timeout', () =>
      outgoing.destroy(new DevError(`No answer within 5 s to ${options.method} ${options.path}.`)),
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}
