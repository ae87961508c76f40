/** The options that many commands share, and what was given of them. */
import { type Command, Option } from 'commander';
import { formats } from './output.ts';
import type { CommonOptions } from './settings.ts';

const common = [
  new Option(
    '-n, --namespace <namespace>',
    'namespace of the Rollout (default: that of the kube context, else "default")',
  ),
  new Option(
    '--cluster <cluster>',
    'cluster name in the address of releases (default: $SLUICE_CLUSTER, else "default")',
  ),
  new Option('--task-queue <queue>', 'task queue of the workers (default: $SLUICE_TASK_QUEUE, else "sluice")'),
  new Option('--context <context>', 'kube context for what is read with kubectl'),
  new Option('--kubeconfig <file>', 'kubeconfig for what is read with kubectl'),
  new Option('--no-color', 'no colours (also: NO_COLOR, or output that is no terminal)'),
];

const heading = 'Common options:';

/** Adds the options every command takes, before or after its name. */
export function addCommon(command: Command, only?: readonly string[]): Command {
  for (const option of common) {
    if (only !== undefined && !only.includes(option.attributeName())) continue;
    const own = new Option(option.flags, option.description).helpGroup(heading);
    command.addOption(own);
  }
  return command;
}

/** Adds `-o json|yaml`. */
export function addOutput(command: Command): Command {
  return command.addOption(new Option('-o, --output <format>', 'print a document instead').choices(formats));
}

/** Adds `--by` and `--reason`. */
export function addDecision(command: Command): Command {
  return command
    .option('--reason <text>', 'why; shown in the history beside who')
    .option('--by <who>', "who decides (default: $SLUICE_USER, else git's user.email, else user@host)");
}

/**
 * A command's options with those given before its name. Commander's own merge lets a parent's default win over what was
 * given to the command.
 */
export function given<T extends object>(command: Command): CommonOptions & T {
  const chain: Command[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) chain.unshift(at);
  const merged = Object.assign({}, ...chain.map((at) => at.opts())) as CommonOptions & T;
  const color = chain.every((at) => (at.opts() as { color?: boolean }).color !== false) && !process.env.NO_COLOR;
  return { ...merged, color };
}
