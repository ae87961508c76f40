/**
 * The embedded stack: a real Kubernetes control plane, Temporal, and a data plane with real packets, on loopback only.
 *
 *   const stack = await up({ name: 'mytest', temporal: 'memory' });   // idempotent; returns when everything answers
 *   stack.kubernetes.kubeconfigs.admin                                // path of a kubeconfig
 *   stack.temporal.address                                            // '127.0.0.1:20133'
 *   await status({ name: 'mytest' });                                 // { state: 'up' | 'degraded' | 'down', components }
 *   env(stack);                                                       // { KUBECONFIG, TEMPORAL_ADDRESS, … }
 *   await down({ name: 'mytest' });                                   // no process, namespace or file stays
 */
import { rmSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { KubeApi } from './cluster/api.ts';
import { writeCredentials } from './cluster/credentials.ts';
import { componentsFor } from './components/all.ts';
import type { Context } from './components/component.ts';
import { logPath, look, startAll } from './components/start.ts';
import { DevError } from './errors.ts';
import { withLock } from './lock.ts';
import { defaultStackName, stackDir } from './paths.ts';
import { plan } from './plan.ts';
import { stopProcesses } from './processes.ts';
import { isAlive, rssOf } from './procfs.ts';
import { obtainServers, onPath } from './servers/obtain.ts';
import { processesOf, readState, type State, writeState } from './state.ts';
import type { ComponentName, ComponentStatus, Stack, StackStatus, UpOptions } from './types.ts';

export type {
  ComponentName,
  ComponentStatus,
  DataPlane,
  Ports,
  Stack,
  StackStatus,
  UpOptions,
  UserName,
} from './types.ts';

type Log = (line: string) => void;
const toStderr: Log = (line) => void process.stderr.write(`${line}\n`);

/**
 * Starts the stack, or heals a running one, and returns when every component answers. A second `up` of the same name waits
 * for the first and answers the same stack. Throws DevError with a way out; what was started until then stays for the next
 * `up`, or for `down`.
 */
export async function up(options: UpOptions = {}): Promise<Stack> {
  const name = options.name ?? defaultStackName();
  const log = options.log ?? toStderr;
  const dir = stackDir(name);
  return withLock(
    `${dir}.lock`,
    async () => {
      if (options.fresh === true) await end(dir, log);
      const planned = await plan(name, options, readState(dir), log);
      await obtainServers(planned.servers, log);
      writeState(dir, planned.state);
      writeCredentials(planned.state.stack);
      return start(planned.state, log);
    },
    (holder) => log(`Another process (pid ${holder.pid}) is working on stack "${name}": waiting for it`),
  );
}

/** Ends exactly the processes of the stack and removes its state folder. Does nothing when there is no such stack. */
export async function down(options: { readonly name?: string; readonly log?: Log } = {}): Promise<void> {
  const name = options.name ?? defaultStackName();
  const log = options.log ?? toStderr;
  const dir = stackDir(name);
  await withLock(
    `${dir}.lock`,
    () => end(dir, log),
    (holder) => log(`Another process (pid ${holder.pid}) is working on stack "${name}": waiting for it`),
  );
}

/** Looks at every component, changes nothing. */
export async function status(options: { readonly name?: string } = {}): Promise<StackStatus> {
  const name = options.name ?? defaultStackName();
  const dir = stackDir(name);
  const state = readState(dir);
  if (state === undefined) return { name, dir, state: 'down', components: [] };
  const { context, close } = contextOf(() => state);
  const components = await Promise.all(
    componentsFor(state.options).map(async (component): Promise<ComponentStatus> => {
      const record = state.processes[component.name];
      const base = { name: component.name, log: logPath(dir, component.name), pid: record?.pid ?? 0 };
      if (record === undefined) return { ...base, rssBytes: 0, state: 'dead', detail: 'it was never started' };
      const seen = await look(component, context);
      if (!isAlive(record)) return { ...base, rssBytes: 0, state: 'dead', detail: `process ${record.pid} has ended` };
      const rssBytes = rssOf(record.pid);
      return seen === undefined
        ? { ...base, rssBytes, state: 'running' }
        : { ...base, rssBytes, state: 'not answering', detail: seen };
    }),
  );
  close();
  const healthy = components.every((component) => component.state === 'running');
  return { name, dir, state: healthy ? 'up' : 'degraded', stack: state.stack, components };
}

/** The stack of this name as it was last started, without a look at its health; undefined when there is none. */
export function find(name: string = defaultStackName()): Stack | undefined {
  return readState(stackDir(name))?.stack;
}

/** Path of a component's log. */
export function logOf(stack: Stack, name: ComponentName): string {
  return logPath(stack.dir, name);
}

/** Pid of a component, for tests that kill it; undefined when it does not run. */
export function pidOf(stack: Stack, name: ComponentName): number | undefined {
  const record = readState(stack.dir)?.processes[name];
  return record !== undefined && isAlive(record) ? record.pid : undefined;
}

/** Environment variables with which kubectl, the Temporal CLI and `sluice` use this stack. */
export function env(stack: Stack): Record<string, string> {
  const tools = [];
  if (onPath('temporal') === undefined) tools.push(dirname(stack.temporal.cli));
  if (onPath('kubectl') === undefined) tools.push(dirname(stack.kubernetes.kubectl));
  return {
    KUBECONFIG: stack.kubernetes.kubeconfigs.admin,
    TEMPORAL_ADDRESS: stack.temporal.address,
    TEMPORAL_NAMESPACE: stack.temporal.namespace,
    SLUICE_STACK: stack.name,
    SLUICE_UI: stack.temporal.uiUrl,
    ...(stack.dataPlane.available ? { SLUICE_ENVOY: stack.dataPlane.envoyUrl } : {}),
    ...(tools.length > 0 ? { PATH: [process.env.PATH ?? '', ...tools].join(delimiter) } : {}),
  };
}

async function start(initial: State, log: Log): Promise<Stack> {
  let state = initial;
  const { context, close } = contextOf(() => state);
  try {
    await startAll(
      componentsFor(state.options),
      context,
      {
        get: (name) => state.processes[name],
        put: (name, record) => {
          state = { ...state, processes: { ...state.processes, [name]: record } };
          if (name === 'netns' && state.stack.dataPlane.available) {
            state = {
              ...state,
              stack: { ...state.stack, dataPlane: { ...state.stack.dataPlane, holderPid: record.pid } },
            };
          }
          writeState(state.stack.dir, state);
        },
      },
      log,
    );
  } finally {
    close();
  }
  return state.stack;
}

async function end(dir: string, log: Log): Promise<void> {
  // A state file of another version must not keep anyone from clearing up: the marks find the processes.
  let state: State | undefined;
  try {
    state = readState(dir);
  } catch (error) {
    if (!(error instanceof DevError)) throw error;
  }
  const processes = processesOf(dir, state).filter(isAlive);
  if (processes.length > 0) log(`Ending ${processes.length} processes of the stack in ${dir}`);
  // Clients before servers: the API server waits for its watchers and for etcd, and serves on for seconds after TERM.
  const server = processes.filter(({ pid }) => pid === state?.processes['kube-apiserver']?.pid);
  const store = processes.filter(({ pid }) => pid === state?.processes.etcd?.pid);
  await stopProcesses(
    processes.filter((process) => !server.includes(process) && !store.includes(process)),
    4000,
  );
  await stopProcesses(server, 5000);
  await stopProcesses(store, 2000);
  // Whatever these started while they were ending.
  await stopProcesses(processesOf(dir, undefined).filter(isAlive), 1000);
  rmSync(dir, { recursive: true, force: true });
}

function contextOf(state: () => State): { context: Context; close: () => void } {
  let api: KubeApi | undefined;
  const context: Context = {
    get stack() {
      return state().stack;
    },
    get options() {
      return state().options;
    },
    api: () => {
      const { server, caFile, tokens } = state().stack.kubernetes;
      api ??= new KubeApi({ server, caFile, token: tokens.admin });
      return api;
    },
    pidOf: (name) => state().processes[name]?.pid ?? 0,
  };
  return { context, close: () => api?.close() };
}
