/** A command's connection: opened when it is needed, closed when the command is over. */

import { type Connected, connect } from '../connect.ts';
import { SluiceClient } from '../sluice.ts';
import type { Io } from './io.ts';
import type { CommonOptions } from './settings.ts';

export type Session = { readonly sluice: SluiceClient; readonly connected: Connected };

/** Connects, runs `work`, and closes the connection whatever happened. */
export async function withSluice<T>(
  io: Io,
  options: CommonOptions,
  work: (session: Session) => Promise<T>,
  timeouts: { readonly connect?: number; readonly query?: number } = {},
): Promise<T> {
  const connected = await connect(timeouts.connect === undefined ? {} : { timeout: timeouts.connect });
  const cluster = options.cluster ?? io.env.SLUICE_CLUSTER;
  const taskQueue = options.taskQueue ?? io.env.SLUICE_TASK_QUEUE;
  const sluice = new SluiceClient(connected.client, {
    via: 'cli',
    ...(cluster && { cluster }),
    ...(taskQueue && { taskQueue }),
    ...(timeouts.query !== undefined && { timeouts: { query: timeouts.query } }),
  });
  try {
    return await work({ sluice, connected });
  } finally {
    await connected.close().catch(() => undefined);
  }
}
