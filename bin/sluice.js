#!/usr/bin/env node
// Launcher of the `sluice` command, in syntax that any Node understands: it finds a Node that is new enough, and the
// command itself, from source in a checkout or built in a package.
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 19)) await run();
else await runOnNewerNode();

async function run() {
  await cacheCompiledCode();
  const source = join(root, 'client', 'cli', 'main.ts');
  const built = join(root, 'dist', 'client', 'cli', 'main.js');
  // Node strips types only outside of node_modules.
  const fromSource = existsSync(source) && !root.split(/[\\/]/).includes('node_modules');
  if (fromSource && major < 24) silenceTypeStrippingWarning();
  const folder = dirname(fromSource ? source : built);
  const load = (name) => import(pathToFileURL(join(folder, name + (fromSource ? '.ts' : '.js'))).href);
  const [{ main }, { processIo }] = await Promise.all([load('main'), load('io')]);
  const called = basename(process.argv[1] ?? '').startsWith('kubectl') ? 'kubectl sluice' : 'sluice';
  const code = await main(process.argv.slice(2), processIo(called));
  // The embedded stack's commands set their own.
  if (code !== 0) process.exitCode = code;
}

/** Node's own cache of compiled code takes a third off the start of every command. */
async function cacheCompiledCode() {
  try {
    const { enableCompileCache } = await import('node:module');
    const { homedir } = await import('node:os');
    const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
    enableCompileCache(process.env.NODE_COMPILE_CACHE || join(cache, 'sluice', 'compiled'));
  } catch {
    // A home that cannot be written to: slower, not broken.
  }
}

function silenceTypeStrippingWarning() {
  const emit = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    if (/Type Stripping/i.test(String(warning?.message ?? warning))) return;
    emit.call(process, warning, ...rest);
  };
}

async function runOnNewerNode() {
  const own = join(root, 'node_modules', '.bin', 'node');
  if (!existsSync(own)) {
    process.stderr.write(
      `sluice needs Node 22.19 or newer, and this is ${process.versions.node}. Install Node 24, or run "npm install" in ${root}, which brings it.\n`,
    );
    process.exitCode = 2;
    return;
  }
  const { spawn } = await import('node:child_process');
  const child = spawn(own, process.argv.slice(1), { stdio: 'inherit' });
  // Ctrl-C reaches the child by itself; what is sent to us alone is handed on.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`sluice: ${own} does not start: ${error.message}\n`);
    process.exitCode = 2;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 0;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
