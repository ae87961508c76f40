import { join } from 'node:path';
import { enterNamespace } from '../dataplane/netns.ts';
import { DevError, errorMessage } from '../errors.ts';
import { isPortFree } from '../ports.ts';
import { startDetached, stopProcesses, tailOf } from '../processes.ts';
import { isAlive, networkNamespaceOf } from '../procfs.ts';
import type { ProcessRecord } from '../state.ts';
import type { ComponentName } from '../types.ts';
import { delay } from '../wait.ts';
import type { Component, Context } from './component.ts';

/** What the starter needs to remember about started components. */
export interface Registry {
  readonly get: (name: ComponentName) => ProcessRecord | undefined;
  /** Called as soon as a process exists, before it answers. */
  readonly put: (name: ComponentName, record: ProcessRecord) => void;
}

/** Log file of a component. */
export function logPath(dir: string, name: ComponentName): string {
  return join(dir, 'logs', `${name}.log`);
}

/**
 * Brings all components up, each as soon as those it needs answer. A component that runs and answers is left alone; one that
 * has died, does not answer, lives in a namespace that is gone, or was started with another command, is started anew.
 */
export async function startAll(
  components: readonly Component[],
  context: Context,
  registry: Registry,
  log: (line: string) => void,
): Promise<void> {
  const started = new Map<ComponentName, Promise<void>>();
  const anew = new Set<ComponentName>();
  const begin = (component: Component): Promise<void> => {
    const known = started.get(component.name);
    if (known !== undefined) return known;
    const work = (async () => {
      await Promise.all(components.filter(({ name }) => component.needs.includes(name)).map(begin));
      if (await ensure(component, anew, context, registry, log)) anew.add(component.name);
    })();
    started.set(component.name, work);
    return work;
  };
  // Let every start come to its end before one failure is reported: nothing may be started behind the back of a caller who
  // has been told that `up` failed.
  const outcomes = await Promise.allSettled(components.map(begin));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** Answers whether a process was started. */
async function ensure(
  component: Component,
  anew: ReadonlySet<ComponentName>,
  context: Context,
  registry: Registry,
  log: (line: string) => void,
): Promise<boolean> {
  const { name } = component;
  const logFile = logPath(context.stack.dir, name);
  const inner = component.command(context);
  const command = component.inside === true ? enterNamespace(context, inner) : inner;
  const commandLine = [command.file, ...command.args].join(' ');
  const netns = component.inside === true ? networkNamespaceOf(context.pidOf('netns')) : undefined;

  const old = registry.get(name);
  if (old !== undefined && isAlive(old)) {
    const reason =
      old.command !== commandLine
        ? 'is to run with other settings'
        : old.netns !== netns
          ? 'lives in a namespace that is gone'
          : component.follows?.some((other) => anew.has(other)) === true
            ? 'follows a restart'
            : await unresponsive(component, context);
    if (reason === undefined) {
      await component.prepare?.(context); // objects that a user may have deleted since
      return false;
    }
    log(`${name} ${reason}: restarting it`);
    await stopProcesses([old], 10_000);
  } else if (old !== undefined) {
    log(`${name} has died: starting it again`);
  }

  await component.beforeStart?.(context);
  await component.prepare?.(context);
  const process = await startDetached(command, { dir: context.stack.dir, log: logFile });
  const record: ProcessRecord = { ...process, command: commandLine, ...(netns === undefined ? {} : { netns }) };
  registry.put(name, record);
  const end = performance.now() + component.startDeadlineMs;
  for (;;) {
    const alive = isAlive(process);
    const seen = alive ? await look(component, context) : 'it ended';
    if (seen === undefined) return true;
    if (!alive) throw await whyItEnded(component, context, logFile);
    if (performance.now() > end) {
      throw new DevError(
        `${name} did not answer within ${component.startDeadlineMs / 1000} s (last seen: ${seen}). Look at ${logFile}, then run up again.`,
      );
    }
    await delay(30);
  }
}

/** A look that never rejects. */
export async function look(component: Component, context: Context): Promise<string | undefined> {
  try {
    return await component.look(context);
  } catch (error) {
    return errorMessage(error);
  }
}

/** A running component on a busy machine may miss one look; it is given some seconds before it is called dead. */
async function unresponsive(component: Component, context: Context): Promise<string | undefined> {
  const end = performance.now() + 5000;
  for (;;) {
    const seen = await look(component, context);
    if (seen === undefined) return undefined;
    if (performance.now() > end) return `does not answer (${seen})`;
    await delay(100);
  }
}

async function whyItEnded(component: Component, { stack }: Context, logFile: string): Promise<DevError> {
  const tail = tailOf(logFile, 400);
  if (/address already in use/.test(tail)) {
    for (const [use, port] of Object.entries(stack.ports)) {
      const mentioned = tail.includes(`:${port}`);
      if (mentioned && !(await isPortFree(port))) {
        return new DevError(
          `${component.name} could not start: port ${port} (${use}) on 127.0.0.1 is taken by another program. Run up again to get another port, or end that program.`,
        );
      }
    }
  }
  if (/no space left on device/.test(tail)) {
    return new DevError(
      `${component.name} could not start: the disk of ${stack.dir} is full. Free some space, or set XDG_STATE_HOME to another disk.`,
    );
  }
  const lines = tail.split('\n').slice(-3).join(' / ').slice(-600);
  return new DevError(`${component.name} ended while starting. Its last words: ${lines}. The whole log: ${logFile}`);
}
