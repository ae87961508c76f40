/** Asking a running worker whether it is ready: for container health checks, which need no tool but this one. */
import fetch from 'node-fetch';

/** Undefined when the worker whose health endpoint is at `address` is ready, else why not, in a sentence. */
export async function probe(address: string, timeout = 3_000): Promise<string | undefined> {
  const url = `http://${address.replace(/^0\.0\.0\.0:/, '127.0.0.1:')}/readyz`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(timeout), redirect: 'error', size: 10_000 });
    if (answer.ok) return undefined;
    return `${url} answers ${answer.status}: ${(await answer.text()).trim().split('\n').join('; ')}`;
  } catch (error) {
    return `${url} does not answer (${(error as Error).message})`;
  }
}
