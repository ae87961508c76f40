import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** One GET on loopback or a unix socket; answers status and body. Rejects when there is no answer within two seconds. */
export function get(
  target: { readonly url: string } | { readonly socketPath: string; readonly path: string },
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const onAnswer = (answer: import('node:http').IncomingMessage) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        body += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
      answer.on('error', reject);
    };
    const options = { timeout: 2000, agent: false as const };
    const call =
      'socketPath' in target
        ? httpRequest({ ...options, ...target }, onAnswer)
        : target.url.startsWith('https:')
          ? // The servers' own health ports have certificates that they made up at start; nothing secret is sent there.
            httpsRequest(target.url, { ...options, rejectUnauthorized: false }, onAnswer)
          : httpRequest(target.url, options, onAnswer);
    call.on('timeout', () => call.destroy(new Error('no answer within 2 s')));
    call.on('error', reject);
    call.end();
  });
}

/** A look at a health address: undefined when it answers 200. */
export async function lookAt(target: Parameters<typeof get>[0]): Promise<string | undefined> {
  const { status, body } = await get(target);
  return status === 200 ? undefined : `HTTP ${status}: ${body.trim().split('\n').at(-1)?.slice(0, 200)}`;
}
