import type { Command } from 'commander';
import type { ComponentName, Stack, StackStatus, UpOptions } from './types.ts';

/**
 * Adds `dev up | down | status | env | logs` to a command. Exit codes: 0 done, 1 failed with a sentence on stderr, and for
 * `status` and `env` 3 when the stack is down and 4 when some component does not answer. Nothing heavy is imported before a command runs.
 */
export function registerDevCommands(program: Command): void {
  const dev = program.command('dev').description('the embedded stack: Kubernetes, Temporal and Envoy on this machine');
  const stackName = ['--name <name>', 'stack name (default: $SLUICE_STACK, else dev)'] as const;

  dev
    .command('up')
    .description('start the stack, or heal a running one; returns when everything answers')
    .option(...stackName)
    .option('--no-data-plane', 'leave out Contour, Envoy and the pod stand-in')
    .option('--audit', 'write an audit log of API requests')
    .option('--temporal-in-memory', 'keep nothing of Temporal on disk (faster)')
    .option('--fresh', 'take down a running stack of that name first')
    .action((flags: UpFlags) =>
      report(async () => {
        const { up } = await import('./stack.ts');
        const started = performance.now();
        const stack = await up(upOptions(flags));
        print(
          ...describe(stack),
          '',
          `Up after ${((performance.now() - started) / 1000).toFixed(1)} s. For this shell: eval "$(sluice dev env${nameFlag(flags)})"`,
        );
      }),
    );

  dev
    .command('down')
    .description('end every process of the stack and remove its state')
    .option(...stackName)
    .action((flags: { name?: string }) =>
      report(async () => {
        const { down, status } = await import('./stack.ts');
        const { name, state } = await status(flags);
        await down(flags);
        print(state === 'down' ? `Stack "${name}" was not up.` : `Stack "${name}" is down.`);
      }),
    );

  dev
    .command('status')
    .description('show every component')
    .option(...stackName)
    .option('-o, --output <format>', 'json for scripts')
    .action((flags: { name?: string; output?: string }) =>
      report(async () => {
        const { status } = await import('./stack.ts');
        const seen = await status(flags);
        if (flags.output === 'json') print(JSON.stringify(withoutTokens(seen), null, 2));
        else print(...statusLines(seen));
        return exitCodes[seen.state];
      }),
    );

  dev
    .command('env')
    .description('print export lines for eval')
    .option(...stackName)
    .action((flags: { name?: string }) =>
      report(async () => {
        const { env, find } = await import('./stack.ts');
        const stack = find(flags.name);
        if (stack === undefined) {
          process.stderr.write(`No such stack is up: sluice dev up${nameFlag(flags)}\n`);
          return exitCodes.down;
        }
        print(...Object.entries(env(stack)).map(([name, value]) => `export ${name}=${quoted(value)}`));
        return 0;
      }),
    );

  dev
    .command('logs [component]')
    .description('show the last lines of a log, or of all')
    .option(...stackName)
    .option('-n, --lines <count>', 'how many lines', '40')
    .option('-f, --follow', 'go on as the logs grow')
    .action((component: ComponentName | undefined, flags: { name?: string; lines: string; follow?: boolean }) =>
      report(async () => (await import('./logs.ts')).showLogs(component, { ...flags, lines: Number(flags.lines) })),
    );
}

interface UpFlags {
  readonly name?: string;
  readonly dataPlane: boolean;
  readonly audit?: boolean;
  readonly temporalInMemory?: boolean;
  readonly fresh?: boolean;
}

const exitCodes = { up: 0, down: 3, degraded: 4 } as const;

function upOptions(flags: UpFlags): UpOptions {
  return {
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.dataPlane ? {} : { dataPlane: false }),
    ...(flags.audit === true ? { audit: true } : {}),
    ...(flags.temporalInMemory === true ? { temporal: 'memory' as const } : {}),
    ...(flags.fresh === true ? { fresh: true } : {}),
  };
}

/** Runs a command's work, which may answer an exit code; a known trouble becomes its sentence and exit code 1. */
async function report(work: () => Promise<unknown>): Promise<void> {
  try {
    const code = await work();
    process.exitCode = typeof code === 'number' ? code : 0;
  } catch (error) {
    const known = (error as { name?: string }).name === 'DevError';
    process.stderr.write(`${known ? (error as Error).message : ((error as Error).stack ?? String(error))}\n`);
    process.exitCode = 1;
  }
}

function describe(stack: Stack): string[] {
  const { dataPlane } = stack;
  return [
    `Kubernetes   ${stack.kubernetes.server}  (KUBECONFIG=${stack.kubernetes.kubeconfigs.admin})`,
    `Temporal     ${stack.temporal.address}  namespace ${stack.temporal.namespace}`,
    `Temporal UI  ${stack.temporal.uiUrl}`,
    dataPlane.available
      ? `Envoy        ${dataPlane.envoyUrl}  (HTTPRoute parent ${dataPlane.gatewayRef.namespace}/${dataPlane.gatewayRef.name}, Ingress class ${dataPlane.ingressClassName})`
      : `Envoy        none. ${dataPlane.reason}`,
    ...(stack.kubernetes.auditLog === undefined ? [] : [`Audit log    ${stack.kubernetes.auditLog}`]),
    `State        ${stack.dir}`,
  ];
}

function statusLines({ name, state, stack, components }: StackStatus): string[] {
  if (stack === undefined) return [`Stack "${name}" is down.`];
  const width = Math.max(...components.map((component) => component.name.length));
  return [
    ...describe(stack),
    '',
    ...components.map((component) => {
      const memory = `${Math.round(component.rssBytes / 1024 / 1024)} MB`.padStart(7);
      const detail = component.detail === undefined ? '' : `  ${component.detail}`;
      return `${component.name.padEnd(width)}  ${component.state.padEnd(13)}  pid ${String(component.pid).padEnd(7)} ${memory}${detail}`;
    }),
    '',
    state === 'up' ? `Stack "${name}" is up.` : `Stack "${name}" is degraded: "sluice dev up --name ${name}" heals it.`,
  ];
}

/** Tokens are in the state folder for those who may read it; they do not belong into output that is copied around. */
function withoutTokens(seen: StackStatus): unknown {
  return JSON.parse(JSON.stringify(seen, (key, value) => (key === 'tokens' ? undefined : value)));
}

function nameFlag({ name }: { name?: string }): string {
  return name === undefined ? '' : ` --name ${name}`;
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}

function print(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
