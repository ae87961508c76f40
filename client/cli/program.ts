/** The `sluice` command: names, options and help. What a command does is loaded when it runs. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { CommandName } from '../../domain/commands.ts';
import { exits } from './exit.ts';
import type { Io } from './io.ts';
import { addCommon, addDecision, addOutput, given } from './options.ts';

/** A program and the exit code that its command leaves. */
export type Program = { readonly program: Command; readonly exitCode: () => number };

const verbs: readonly [Exclude<CommandName, 'jump'>, string][] = [
  ['approve', 'end the pause of the current step: the release goes on'],
  ['pause', 'hold a release where it is'],
  ['resume', 'let a paused release go on'],
  ['abort', 'send all requests back to the stable version, remove the new pods, and wait for a decision'],
  ['retry', 'begin the current step again; after an abort, the release'],
  ['undo', 'roll back: put the stable version back, and end the release'],
];

/** Our own commands' names; for any other word the commands of the other rooms are loaded too. */
export const ownCommands: ReadonlySet<string> = new Set([
  ...['start', 'list', 'get', 'explain', 'history', 'status', 'jump', 'completion', 'version', '__complete'],
  ...verbs.map(([name]) => name),
]);

/** Builds the program. With `all`, including the commands that other rooms bring: dev, install, uninstall, worker. */
export async function buildProgram(io: Io, all: boolean): Promise<Program> {
  let code = 0;
  const program = new Command(io.called)
    .description('Progressive delivery for Kubernetes: each release is one durable workflow on Temporal.')
    .enablePositionalOptions()
    .showHelpAfterError(`(${io.called} --help shows how)`)
    .configureOutput({ writeOut: io.out, writeErr: io.err, getOutHelpWidth: () => Math.min(io.size().columns, 120) })
    .exitOverride();
  addCommon(program);
  program.commandsGroup('Look:');
  looking(program, io, (exit) => {
    code = exit;
  });
  program.commandsGroup('Decide:');
  deciding(program, io);
  if (all) await others(program);
  program.commandsGroup('About:');
  about(program, io);
  program.addHelpText('after', () => `\n${exitCodeText()}`);
  inherit(program);
  return { program, exitCode: () => code };
}

function looking(program: Command, io: Io, leave: (code: number) => void): void {
  addOutput(addCommon(program.command('list').alias('ls').description('list releases: those under way, or all')))
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('--all', 'ended ones too')
    .option('--phase <phase>', 'only those in this phase, e.g. Progressing')
    .action(async (_, command) => (await import('./actions/list.ts')).list(io, given(command)));
  addOutput(addCommon(named(program, 'get', 'show a release as a tree: steps, pods, traffic, decisions')))
    .option('-w, --watch', 'go on showing it as it changes')
    .action(async (name, _, command) => (await import('./actions/get.ts')).get(io, name, given(command)));
  addOutput(
    addCommon(named(program, 'explain', 'say what a release waits for, since when, what is next, and what you can do')),
  ).action(async (name, _, command) => (await import('./actions/explain.ts')).explain(io, name, given(command)));
  addOutput(
    addCommon(named(program, 'history', 'list the releases of a rollout; with --release, who decided what in one')),
  )
    .option('--release <release>', '"last", or the ID of a release as `history` lists it')
    .option('--limit <count>', 'at most so many releases', '20')
    .action(async (name, _, command) => (await import('./actions/history.ts')).history(io, name, given(command)));
  addCommon(named(program, 'status', 'follow a release to its end, for CI: the exit code says how it ended'))
    .option('--timeout <span>', 'give up after this time, e.g. 90s, 10m, 1h30m (default: never)')
    .addOption(
      new Option('--watch [boolean]', 'follow it; --watch=false looks once').default(true).argParser(booleanOf),
    )
    .option('--no-watch', 'the same as --watch=false')
    .action(async (name, _, command) =>
      leave(await (await import('./actions/status.ts')).status(io, name, given(command))),
    );
}

function deciding(program: Command, io: Io): void {
  const start = program.command('start').argument('[name]', 'a Rollout that is in the cluster already');
  addDecision(addCommon(start.description('start a release, from a file or of another image')))
    .option('-f, --filename <file>', 'file with one Rollout in it ("-": standard input)')
    .option('--set-image <container=image>', 'image to release; may be given for several containers', collect)
    .option('-w, --watch', 'show the release until you leave it with Ctrl-C')
    .action(async (name, _, command) => (await import('./actions/start.ts')).start(io, name, given(command)));
  for (const [verb, description] of verbs) {
    const command = addDecision(addCommon(named(program, verb, description)));
    if (verb === 'approve')
      command.option('--step <number>', 'only if the release is at this step (default: the one it is at now)');
    command
      .option('--revision <revision>', 'only if this revision is being released (default: the one that is now)')
      .action(async (name, _, self) => (await import('./actions/decide.ts')).decide(io, verb, name, given(self)));
  }
  addDecision(addCommon(named(program, 'jump', 'go to a step, forward or back')))
    .argument('<step>', 'number of the step, from 1')
    .option('--revision <revision>', 'only if this revision is being released (default: the one that is now)')
    .action(async (name, step, _, self) =>
      (await import('./actions/decide.ts')).decide(io, 'jump', name, given(self), step),
    );
}

async function others(program: Command): Promise<void> {
  program.commandsGroup('Run:');
  const [worker, install, dev] = await Promise.all([
    import('../../worker/cli.ts'),
    import('../../deploy/cli.ts'),
    import('../../dev/cli.ts'),
  ]);
  worker.registerWorkerCommand(program);
  const command = program.commands.find((one) => one.name() === 'worker');
  if (command !== undefined)
    addCommon(
      command,
      ['cluster', 'taskQueue'].filter((name) => command.options.every((option) => option.attributeName() !== name)),
    );
  install.registerInstallCommands(program);
  dev.registerDevCommands(program);
}

function about(program: Command, io: Io): void {
  program
    .command('completion')
    .description('print a script that completes commands, options and names; see `completion --help`')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText('after', completionHelp)
    .action(async (shell: string) => (await import('./completion.ts')).printScript(io, shell));
  program
    .command('version')
    .description('print the version')
    .action(async () => (await import('./actions/version.ts')).version(io));
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .action(async (words: string[]) => (await import('./completion.ts')).complete(io, words));
}

/** Settings that Commander copies to subcommands only when they are set before the subcommand is made. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inherit(child);
  }
}

function named(program: Command, name: string, description: string): Command {
  return program.command(name).description(description).argument('<name>', 'NAME, rollout/NAME or NAMESPACE/NAME');
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function booleanOf(value: string): boolean {
  if (value === 'true') return true;
  if (value === 'false') return false;
  throw new InvalidArgumentError('Write --watch or --watch=false.');
}

/** The table of exit codes, as it ends the help text. */
export function exitCodeText(): string {
  const lines = Object.values(exits).map(({ code, means }) => `  ${String(code).padEnd(4)} ${means}`);
  return ['Exit codes:', ...lines].join('\n');
}

const completionHelp = `
To use it now and in every new shell:
  bash   echo 'source <(sluice completion bash)' >> ~/.bashrc
  zsh    echo 'source <(sluice completion zsh)' >> ~/.zshrc
  fish   sluice completion fish > ~/.config/fish/completions/sluice.fish`;
