import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { PodBook, type PodView } from './pod-book.ts';

// The stand-in for all pods: `node pods.ts <kubeconfig> <control socket> <port,port…>`, inside of the namespace, where every
// pod address is local. The destination address of a connection says which pod is meant.

const [kubeconfig = '', controlSocket = '', initialPorts = ''] = process.argv.slice(2);

/** A connection or request that should never have come. */
interface Refusal {
  ip: string;
  pod: string;
  reason: 'no pod' | 'not ready';
  count: number;
  lastAt: string;
}

const served = new Map<string, number>();
const refused = new Map<string, Refusal>();
const listening = new Map<number, Server>();
const connections = new Map<string, Set<Socket>>();
const busy = new WeakMap<Socket, number>();

const book = new PodBook(kubeconfig, (now, before) => {
  for (const port of now?.ports ?? []) listen(port);
  // The process of a pod that is gone has closed its connections; one in use ends with its answer.
  if (before?.serves === true && now?.serves !== true) {
    for (const socket of connections.get(before.ip) ?? []) if ((busy.get(socket) ?? 0) === 0) socket.end();
  }
});

function listen(port: number): void {
  if (listening.has(port)) return;
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
    answer(request, response).catch((error: Error) => {
      console.error(error.message);
      request.socket.resetAndDestroy();
    });
  });
  server.on('connection', (socket: Socket) => {
    const ip = socket.localAddress ?? '';
    const pod = book.at(ip);
    if (pod?.serves !== true) return refuse(socket, ip, pod);
    const sockets = connections.get(ip) ?? new Set();
    connections.set(ip, sockets.add(socket));
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('error', (error) => console.error(`port ${port}: ${error.message}`));
  server.listen(port, '0.0.0.0', 4096);
  listening.set(port, server);
}

function refuse(socket: Socket, ip: string, pod: PodView | undefined): void {
  const entry = refused.get(ip) ?? { ip, pod: pod?.name ?? '', reason: 'no pod', count: 0, lastAt: '' };
  if (pod !== undefined) Object.assign(entry, { pod: pod.name, reason: 'not ready' });
  entry.count++;
  entry.lastAt = new Date().toISOString();
  refused.set(ip, entry);
  socket.resetAndDestroy();
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { socket } = request;
  const ip = socket.localAddress ?? '';
  const pod = book.at(ip);
  if (pod?.serves !== true) return refuse(socket, ip, pod);
  busy.set(socket, (busy.get(socket) ?? 0) + 1);
  response.once('close', () => busy.set(socket, (busy.get(socket) ?? 1) - 1));
  let length = 0;
  for await (const chunk of request) length += (chunk as Buffer).length;
  if (pod.slowMs > 0) await new Promise((resolve) => setTimeout(resolve, pod.slowMs));
  served.set(pod.name, (served.get(pod.name) ?? 0) + 1);
  const { name, namespace, node, version, image } = pod;
  const { method, url: path, headers } = request;
  const headersOut: Record<string, string> = {
    'content-type': 'application/json',
    'x-pod': name,
    'x-version': version,
  };
  // An answer that outlives its pod takes the connection with it.
  if (book.at(ip)?.serves !== true) headersOut.connection = 'close';
  response.writeHead(Math.random() < pod.failRate ? 500 : 200, headersOut);
  response.end(
    `${JSON.stringify({ pod: name, namespace, node, version, image, ip, method, path, headers, bodyLength: length })}\n`,
  );
}

function control(request: IncomingMessage, response: ServerResponse): void {
  const url = request.url ?? '';
  if (url === '/healthz') {
    response.writeHead(book.synced ? 200 : 503).end(book.synced ? 'ok' : 'pods are not listed yet');
  } else if (url === '/counters') {
    const body = { served: Object.fromEntries(served), refused: [...refused.values()] };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  } else if (url === '/reset' && request.method === 'POST') {
    served.clear();
    refused.clear();
    response.writeHead(204).end();
  } else {
    response.writeHead(404).end('GET /healthz, GET /counters, POST /reset');
  }
}

for (const port of initialPorts.split(',')) listen(Number(port));
rmSync(controlSocket, { force: true }); // left by a killed predecessor
createServer(control).listen(controlSocket);
await book.follow();
