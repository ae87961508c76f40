/** What a release did, as Temporal's history has it. */
import type { Client } from '@temporalio/client';

/** Activity types of a run in the order of their completion, local ones from their markers. */
export async function activitiesOf(client: Client, workflowId: string, runId?: string): Promise<string[]> {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const types: string[] = [];
  for (const event of history.events ?? []) {
    const scheduled = event.activityTaskScheduledEventAttributes?.activityType?.name;
    if (typeof scheduled === 'string') types.push(scheduled);
    const marker = event.markerRecordedEventAttributes;
    if (marker?.markerName !== 'core_local_activity') continue;
    const data = marker.details?.data?.payloads?.[0]?.data;
    if (data) types.push((JSON.parse(Buffer.from(data).toString()) as { activity_type: string }).activity_type);
  }
  return types;
}

/** Every place where a worker can die around these executions: `before:look:1`, `after:look:1`, … */
export function crashPoints(types: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return types.flatMap((type) => {
    const nth = (seen.get(type) ?? 0) + 1;
    seen.set(type, nth);
    return [`before:${type}:${nth}`, `after:${type}:${nth}`];
  });
}
