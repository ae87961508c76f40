// What `npm run demo`, `npm test` and `npm run bench` run: does all the set-up, says what it does, then does the work.
// Plain JavaScript for any Node from 20, without node_modules: those are what it installs.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const node = join(bin, 'node');
const nodeFlags = ['--disable-warning=ExperimentalWarning'];
const say = (line) => process.stderr.write(`${line}\n`);

/** Runs a program with our terminal; answers its exit code. Signals go to it first, so that it can clear up. */
function run(file, args, options = {}, onStart = () => {}) {
  return new Promise((resolve) => {
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` };
    const child = spawn(file, args, { cwd: root, stdio: 'inherit', env, ...options });
    onStart(child);
    const pass = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, pass);
    const done = (code) => {
      for (const signal of signals) process.off(signal, pass);
      resolve(code);
    };
    child.once('error', (error) => {
      say(`Could not run ${file}: ${error.message}`);
      done(127);
    });
    child.once('close', (code) => done(code ?? 1));
  });
}

/** Runs a program quietly; answers its exit code and what it wrote on stderr. */
async function runCaptured(file, args) {
  let stderr = '';
  const code = await run(file, args, { stdio: ['ignore', 'ignore', 'pipe'] }, (child) => {
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
  });
  return { code, stderr };
}

/** Runs `work` with a line every 15 s, so that a slow step is not taken for a hung one. */
async function withProgress(title, expected, work) {
  say(`${title} (about ${expected})`);
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const ticker = setInterval(() => say(`${title}: ${seconds()} s so far`), 15_000);
  try {
    return await work();
  } finally {
    clearInterval(ticker);
    say(`${title}: ${seconds()} s`);
  }
}

function isInstalled(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program)));
}

async function installPackages() {
  const lock = join(root, 'package-lock.json');
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && existsSync(node) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return true;
  const flags = ['--include=dev', '--no-fund', '--no-audit', '--loglevel=error'];
  const code = await withProgress('Installing npm packages', '1 min', async () => {
    const { code: refused, stderr } = await runCaptured('npm', ['ci', ...flags]);
    if (refused === 0) return 0;
    // A registry that has only this platform's builds makes npm ci call the lock file incomplete. npm install takes the same
    // versions from it and leaves out the builds for other platforms; --no-save keeps the file as it is.
    if (/npm error code EUSAGE/.test(stderr)) return run('npm', ['install', '--no-save', ...flags]);
    say(stderr);
    return refused;
  });
  if (code !== 0) {
    say(
      'Installing npm packages failed (see above). Check the network, and that the disk has 1 GB free; then run this again.',
    );
    return false;
  }
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' });
  if (version.status === 0) return true;
  say(
    `npm has not installed Node 24 (${node} does not run). Allow install scripts (npm config set ignore-scripts false), remove node_modules, and run this again.`,
  );
  return false;
}

/** Programs from the distribution. Without one of them things go on, with less. */
const tools = [
  {
    program: 'ip',
    pkg: 'iproute2',
    tasks: ['demo', 'test', 'bench'],
    without: 'there are no real packets, and tests of traffic are skipped',
  },
  { program: 'python3', pkg: 'python3-pip', tasks: ['demo', 'test', 'bench'], without: 'Envoy cannot be obtained' },
  {
    program: 'docker-compose',
    pkg: 'docker-compose',
    tasks: ['test'],
    without: 'the test of docker-compose.yml is skipped',
  },
];

async function installTools(task) {
  const missing = tools.filter(({ program, tasks }) => tasks.includes(task) && !isInstalled(program));
  if (missing.length === 0) return;
  const packages = missing.map(({ pkg }) => pkg);
  if (process.getuid?.() === 0 && isInstalled('apt-get')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const apt = (...args) => run('apt-get', ['-qq', '-y', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    await withProgress(`Installing ${packages.join(', ')} with apt-get`, '30 s', async () => {
      // The package lists of a fresh machine are empty or old.
      if ((await apt('--no-install-recommends', 'install', ...packages)) !== 0) {
        await apt('update');
        await apt('--no-install-recommends', 'install', ...packages);
      }
    });
  }
  for (const { program, pkg, without } of missing) {
    if (!isInstalled(program)) say(`${program} is missing (apt-get install -y ${pkg}): ${without}.`);
  }
}

async function obtainServers() {
  if (process.env.KUBECONFIG && process.env.TEMPORAL_ADDRESS) {
    say(
      `Using your own cluster (KUBECONFIG=${process.env.KUBECONFIG}) and Temporal (${process.env.TEMPORAL_ADDRESS}).`,
    );
    return true;
  }
  return (await run(node, [...nodeFlags, 'dev/servers/main.ts'])) === 0;
}

async function script(path, args) {
  if (!existsSync(join(root, path))) {
    say(`${path} is not there yet.`);
    return 1;
  }
  return run(node, [...nodeFlags, path, ...args]);
}

/** Type check, lint, then jest. The last line of stdout is the count; type check and lint count as one test each. */
async function test(args) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const [title, file, ...rest] of [
    ['Type check', join(bin, 'tsc'), '--noEmit'],
    ['Lint', join(bin, 'biome'), 'check'],
  ]) {
    say(`${title}: ${file.split('/').at(-1)} ${rest.join(' ')}`);
    const ok = (await run(file, rest)) === 0;
    count[ok ? 'passed' : 'failed']++;
    say(`${title}: ${ok ? 'passed' : 'FAILED'}`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  let ran = 0;
  try {
    const report = join(folder, 'report.json');
    const jest = ['--experimental-vm-modules', ...nodeFlags, 'node_modules/jest/bin/jest.js', '--runInBand'];
    const code = await run(node, [...jest, '--json', `--outputFile=${report}`, ...args]);
    const result = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
    ran = result?.numTotalTests ?? 0;
    count.passed += result?.numPassedTests ?? 0;
    // A file that cannot be loaded has no tests of its own to count.
    const failed = (result?.numFailedTests ?? 0) + (result?.numRuntimeErrorTestSuites ?? 0);
    count.failed += failed > 0 || code === 0 ? failed : 1;
    count.skipped = (result?.numPendingTests ?? 0) + (result?.numTodoTests ?? 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (ran === 0) say('No test ran.');
  const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
  process.stdout.write(`${count.passed} passed, ${count.failed} failed${skipped}\n`);
  return count.failed === 0 && ran > 0 ? 0 : 1;
}

async function main([task, ...args]) {
  const work = {
    demo: () => script('demo/main.ts', args),
    bench: () => script('bench/main.ts', args),
    test: () => test(args),
  }[task];
  if (work === undefined) {
    say('Usage: node dev/bootstrap.mjs demo|test|bench [arguments]');
    return 2;
  }
  if (Number(process.versions.node.split('.')[0]) < 20) {
    say(`This is Node ${process.versions.node}: use any Node from 20; it brings Node 24 for everything else.`);
    return 1;
  }
  if (!(await installPackages())) return 1;
  await installTools(task);
  if (!(await obtainServers())) return 1;
  return work();
}

process.exitCode = await main(process.argv.slice(2));
