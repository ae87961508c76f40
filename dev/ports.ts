import { createServer } from 'node:net';
import { DevError } from './errors.ts';

// Below the range from which the kernel takes ports for outgoing connections, so that none of those can be in the way.
const lowest = 20_000;
const highest = 32_000;

/** Whether nothing listens on this port of 127.0.0.1. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A free port on 127.0.0.1 that is not in `taken`. */
export async function pickPort(taken: ReadonlySet<number>): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (!taken.has(port) && (await isPortFree(port))) return port;
  }
  throw new DevError(`No free port between ${lowest} and ${highest} on 127.0.0.1: end programs that listen there.`);
}
