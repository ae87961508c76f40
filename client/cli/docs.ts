/** docs/cli.md, written from the commands themselves: `node client/cli/docs.ts` prints it, `--write` puts it in place. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Argument, Command, Option } from 'commander';
import { exits } from './exit.ts';
import type { Io } from './io.ts';
import { buildProgram } from './program.ts';

/** A terminal that is always the same, so that the document is. */
const silent: Io = {
  out: () => undefined,
  err: () => undefined,
  env: {},
  tty: false,
  size: () => ({ columns: 100, rows: 50 }),
  now: () => 0,
  called: 'sluice',
  interrupted: () => new AbortController().signal,
};

/** The whole document. */
export async function cliDocument(): Promise<string> {
  const { program } = await buildProgram(silent, true);
  const shown = program.commands.filter((command) => !command.name().startsWith('_'));
  const groups = [...new Set(shown.map((command) => command.helpGroup()))];
  return [
    '# The sluice command',
    '<!-- Generated from the commands: node client/cli/docs.ts --write -->',
    `${program.description()} It also works as \`kubectl sluice\`, with \`kubectl-sluice\` on the PATH.`,
    introduction,
    '## Options of every command that looks at a release or decides',
    optionTable(program.options),
    '## Exit codes',
    exitTable(),
    ...groups.flatMap((group) => [
      `## ${group.replace(/:$/, '')}`,
      ...shown
        .filter((command) => command.helpGroup() === group)
        .flatMap((command) => section(command, program, 'sluice')),
    ]),
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}

const introduction = `Releases are read from Temporal, with the connection of Temporal's own environment configuration (\`TEMPORAL_ADDRESS\`,
\`TEMPORAL_NAMESPACE\`, \`TEMPORAL_API_KEY\`, \`TEMPORAL_TLS*\`, \`TEMPORAL_PROFILE\`); without an address, a running embedded stack
is used (\`sluice dev up\`). Objects of the cluster are read by running \`kubectl\`; without it, or without the right to read
something, the rest is shown and what is missing is named.

Answers go to standard output, everything else to standard error. Output that is no terminal has neither colours nor control
codes. Every decision is recorded with who (\`--by\`), why (\`--reason\`) and when; \`approve\` counts only for the step it was
meant for, all commands only for the revision. Times are UTC. \`SLUICE_DEBUG=1\` adds where an error came from.`;

function section(command: Command, program: Command, parent: string): string[] {
  const name = `${parent} ${command.name()}`;
  const own = command.options.filter((option) => program.options.every(({ long }) => long !== option.long));
  const children = command.commands.filter((child) => child.name() !== 'help');
  const words = [
    name,
    ...command.registeredArguments.map(usage),
    ...(children.length > 0 ? ['<command>'] : []),
    ...(command.options.length > 0 ? ['[options]'] : []),
  ];
  return [
    `### ${name}`,
    `${sentence(command.description())}`,
    `\`\`\`\n${words.join(' ')}\n\`\`\``,
    ...(command.aliases().length > 0 ? [`Also: \`${parent} ${command.aliases().join('`, `')}\`.`] : []),
    ...(command.registeredArguments.some(({ description }) => description)
      ? [argumentList(command.registeredArguments)]
      : []),
    ...(own.length > 0 ? [optionTable(own)] : []),
    ...children.flatMap((child) => section(child, program, name).map((part) => part.replace(/^### /, '#### '))),
  ];
}

function usage(argument: Argument): string {
  const name = argument.name() + (argument.variadic ? '...' : '');
  return argument.required ? `<${name}>` : `[${name}]`;
}

function argumentList(all: readonly Argument[]): string {
  return all.map((argument) => `- \`${argument.name()}\`: ${argument.description}`).join('\n');
}

function optionTable(options: readonly Option[]): string {
  const rows = options.map(({ flags, description, defaultValue, argChoices }) => {
    const choices = argChoices === undefined ? '' : ` (${argChoices.join(', ')})`;
    const standard =
      defaultValue === undefined || typeof defaultValue === 'boolean' ? '' : ` (default: ${defaultValue})`;
    return `| \`${flags}\` | ${cell(description + choices + standard)} |`;
  });
  return ['| option | |', '| --- | --- |', ...rows].join('\n');
}

function exitTable(): string {
  const rows = Object.values(exits).map(({ code, means }) => `| ${code} | ${cell(means)} |`);
  return ['| code | means |', '| --- | --- |', ...rows].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

function sentence(text: string): string {
  const [head = '', ...rest] = text;
  return `${head.toUpperCase()}${rest.join('')}${/[.!?]$/.test(text) ? '' : '.'}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await cliDocument();
  if (process.argv.includes('--write')) writeFileSync(new URL('../../docs/cli.md', import.meta.url), text);
  else process.stdout.write(text);
}
