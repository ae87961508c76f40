/** Histories of real releases, as they are kept: one event to a line, and nothing of the machine they were made on. */
import { readdirSync, readFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { historyToJson } from './proto-json.ts';

export const folder = fileURLToPath(new URL('histories/', import.meta.url));

export type Event = Record<string, unknown> & { readonly eventType: string };
export type Golden = { readonly workflowId: string; readonly events: readonly Event[] };

/** All histories that are kept, by name. */
export function goldenHistories(): Map<string, Golden> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  return new Map(
    files.sort().map((file) => [file.replace('.json', ''), JSON.parse(readFileSync(folder + file, 'utf8')) as Golden]),
  );
}

/** Every run of a workflow, oldest first, as text to keep. */
export async function recorded(client: Client, workflowId: string): Promise<string[]> {
  const texts: string[] = [];
  const handle = client.workflow.getHandle(workflowId);
  let runId: string | undefined = (await handle.describe()).runId;
  while (runId) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const { events } = historyToJson(history) as { events: Event[] };
    texts.unshift(asText({ workflowId, events: events.map(clean) }));
    runId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
  }
  return texts;
}

function asText({ workflowId, events }: Golden): string {
  const text = `{"workflowId":${JSON.stringify(workflowId)},"events":[\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`;
  const plain = events.map((event) => JSON.stringify(event, decoded)).join();
  for (const trace of [hostname(), tmpdir(), process.env.HOME, process.cwd()])
    if (trace !== undefined && trace.length > 3 && plain.includes(trace))
      throw new Error(`a history must not be kept with "${trace}" in it`);
  return text;
}

/** What only the server of that day needed. */
const dropped = ['taskId', 'requestId'];

function clean(event: Event): Event {
  return JSON.parse(
    JSON.stringify(event, (key, value: unknown) => {
      if (key === 'identity') return 'recorded';
      return dropped.includes(key) ? undefined : value;
    }),
  ) as Event;
}

/** Payloads in the clear. */
function decoded(key: string, value: unknown): unknown {
  return key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString() : value;
}
