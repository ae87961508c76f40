/** What every operation of the client needs; internal to this room. */
import type { Client } from '@temporalio/client';
import type { CommandSource } from '../domain/commands.ts';
import { workflowIdOf } from '../domain/view.ts';
import type { Target } from '../workflows/messages.ts';
import { SluiceError } from './errors.ts';

/** A release's address as callers give it; the cluster is the client's own unless they say another. */
export type TargetRef = { readonly namespace: string; readonly name: string; readonly cluster?: string };

export type Context = {
  readonly client: Client;
  readonly cluster: string;
  readonly taskQueue: string;
  readonly via: Extract<CommandSource, 'cli' | 'api'>;
  /** ms to wait for a worker to answer a question. */
  readonly queryTimeout: number;
  /** ms to wait for a worker to answer a command. */
  readonly commandTimeout: number;
  /** ms to wait for Temporal itself. */
  readonly serverTimeout: number;
};

const objectName = /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/;

/** The full target. Throws `BadInput` on what cannot be the name of a Kubernetes object. */
export function targetOf(context: Pick<Context, 'cluster'>, { namespace, name, cluster }: TargetRef): Target {
  for (const [what, value] of Object.entries({ namespace, name })) {
    if (objectName.test(value)) continue;
    throw new SluiceError(
      'BadInput',
      `"${value}" cannot be the ${what} of a rollout: use lower-case letters, digits, "-" and ".".`,
    );
  }
  return { cluster: cluster ?? context.cluster, namespace, name };
}

/** `rollout default/echoserver`, as all messages name it. */
export function naming(target: Pick<Target, 'namespace' | 'name'>): string {
  return `rollout ${target.namespace}/${target.name}`;
}

/** The target of a workflow ID, undefined when it is none of ours. Cluster names may hold slashes (ARNs do). */
export function targetOfWorkflow(workflowId: string): Target | undefined {
  const match = /^rollout\/(.+)\/([^/]+)\/([^/]+)$/.exec(workflowId);
  if (match === null) return undefined;
  const [, cluster = '', namespace = '', name = ''] = match;
  return { cluster, namespace, name };
}

/** A handle on the target's newest run, or on one run. */
export function handleOf(context: Context, target: Target, runId?: string) {
  return context.client.workflow.getHandle(workflowIdOf(target), runId);
}

/** Runs `call` with a deadline `ms` from now on every request it makes. */
export function within<T>(context: Context, ms: number, call: () => Promise<T>): Promise<T> {
  return context.client.connection.withDeadline(Date.now() + ms, call);
}
