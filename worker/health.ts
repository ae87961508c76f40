/** `/healthz` (alive), `/readyz` (following the cluster and polling Temporal) and `/metrics`. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export type Readiness = () => readonly string[];

/** Serves until closed. `unready` names what is missing; empty means ready. Port 0 takes a free one. */
export async function serveHealth(
  listen: { readonly host: string; readonly port: number },
  registry: Registry,
  unready: Readiness,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: string, type = 'text/plain; charset=utf-8') =>
      response.writeHead(status, { 'content-type': type }).end(body);
    if (request.url === '/healthz') answer(200, 'ok\n');
    else if (request.url === '/readyz') {
      const missing = unready();
      answer(missing.length === 0 ? 200 : 503, missing.length === 0 ? 'ok\n' : `${missing.join('\n')}\n`);
    } else if (request.url === '/metrics')
      registry.metrics().then(
        (text) => answer(200, text, registry.contentType),
        (error: Error) => answer(500, `${error.message}\n`),
      );
    else answer(404, 'try /healthz, /readyz or /metrics\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  return { server, url: `http://${address.includes(':') ? `[${address}]` : address}:${port}` };
}
