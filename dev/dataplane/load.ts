import { Agent, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { type Counts, emptyCounts, type LoadOptions, type LoadReport } from './load-types.ts';

// The load generator: `node load.ts <port> <options as JSON>`, inside of the namespace. It sends requests at a constant rate,
// however slow the answers are, and answers JSON lines on stdin ({"cmd":"sample"|"reset"|"stop"}) with reports on stdout.
// It ends with its stdin, so that it never outlives who started it.

const port = Number(process.argv[2]);
const options = JSON.parse(process.argv[3] ?? '{}') as LoadOptions;
const {
  host,
  path = '/',
  method = 'GET',
  rps,
  headers = {},
  durationMs = Number.POSITIVE_INFINITY,
  count = Number.POSITIVE_INFINITY,
} = options;
const mostInFlight = 2000;
const agent = new Agent({ keepAlive: true, maxSockets: 64, scheduling: 'fifo' });

// Nothing is sent before the first reset; requests of before a reset are not counted after it.
let started = Number.POSITIVE_INFINITY;
let epoch = 0;
let due = 0;
let inFlight = 0;
let total = emptyCounts();
let sinceLast = emptyCounts();
let latencies: number[] = [];

function record(change: (counts: Counts) => void): void {
  change(total);
  change(sinceLast);
}

function bump(table: Record<string, number>, key: string): void {
  table[key] = (table[key] ?? 0) + 1;
}

function fail(what: string, answer?: IncomingMessage): void {
  const failure = { at: new Date().toISOString(), what, pod: String(answer?.headers['x-pod'] ?? '') };
  record((counts) => {
    counts.failed++;
    if (counts.failures.length < 20) counts.failures.push(failure);
  });
}

function send(): void {
  inFlight++;
  const begun = performance.now();
  const begunIn = epoch;
  let settled = false;
  const settle = (): boolean => {
    if (settled) return false;
    settled = true;
    inFlight--;
    if (begunIn !== epoch) return false;
    latencies.push(performance.now() - begun);
    record((counts) => counts.requests++);
    return true;
  };
  const call = request({ host: '127.0.0.1', port, path, method, agent, headers: { host, ...headers } }, (answer) => {
    let text = '';
    answer.setEncoding('utf8');
    answer.on('data', (chunk: string) => {
      if (text.length < 300) text += chunk;
    });
    answer.on('error', (error: NodeJS.ErrnoException) => {
      if (settle()) fail(`answer broke off: ${error.code ?? error.message}`, answer);
    });
    answer.on('end', () => {
      if (!settle()) return;
      const { statusCode = 0 } = answer;
      const pod = answer.headers['x-pod'];
      const version = answer.headers['x-version'];
      record((counts) => {
        bump(counts.byStatus, String(statusCode));
        if (typeof pod === 'string') bump(counts.byPod, pod);
        if (typeof version === 'string') bump(counts.byVersion, version);
      });
      if (statusCode < 200 || statusCode > 299)
        fail(`HTTP ${statusCode}${pod === undefined ? `: ${text.trim()}` : ''}`, answer);
    });
  });
  call.on('error', (error: NodeJS.ErrnoException) => {
    if (!settle()) return;
    record((counts) => bump(counts.byStatus, error.code ?? 'error'));
    fail(`connection: ${error.code ?? error.message}`);
  });
  call.end();
}

// A short, steady beat: whatever has become due since the last beat is sent, so the rate holds on a busy machine as well.
const beat = setInterval(() => {
  if (epoch === 0) return;
  const elapsed = Math.min(performance.now() - started, durationMs);
  const target = Math.min(Math.floor((elapsed / 1000) * rps), count);
  for (; due < target; due++) {
    if (inFlight < mostInFlight) send();
    else record((counts) => counts.skipped++);
  }
  if ((elapsed >= durationMs || due >= count) && inFlight === 0) {
    clearInterval(beat);
    tell('finished');
  }
}, 5);

function tell(event: LoadReport['event']): void {
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  const latencyMs = { p50: at(0.5), p95: at(0.95), max: at(1) };
  const report: LoadReport = { event, elapsedMs: performance.now() - started, inFlight, sinceLast, total, latencyMs };
  process.stdout.write(`${JSON.stringify(report)}\n`);
  sinceLast = emptyCounts();
  latencies = [];
}

async function stop(): Promise<void> {
  clearInterval(beat);
  const deadline = performance.now() + 10_000;
  while (inFlight > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  tell('stopped');
  process.stdout.end(() => process.exit(0));
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { cmd } = JSON.parse(line) as { cmd: string };
    if (cmd === 'sample') tell('sample');
    else if (cmd === 'stop') void stop();
    else if (cmd === 'reset') {
      [total, sinceLast, latencies, started, due] = [emptyCounts(), emptyCounts(), [], performance.now(), 0];
      epoch++;
      tell('reset');
    }
  })
  .on('close', () => void stop());
