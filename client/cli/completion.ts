/** Shell completion: scripts that ask `sluice __complete` at each Tab, and the answers. */
import type { Argument, Command, Option } from 'commander';
import { SluiceError } from '../errors.ts';
import type { Io } from './io.ts';
import { given } from './options.ts';
import { buildProgram } from './program.ts';
import type { CommonOptions } from './settings.ts';

/** One answer; the description is for shells that show one. */
export type Candidate = { readonly value: string; readonly about: string };
/** Names of rollouts, or of namespaces that have some; from the server, so it may take a moment, or fail. */
export type Names = (
  options: CommonOptions,
) => Promise<readonly { readonly namespace: string; readonly name: string }[]>;

/** Prints `value<TAB>description` lines for the last of `words`, which may be empty. Never fails: no answer is an answer. */
export async function complete(io: Io, words: readonly string[]): Promise<void> {
  try {
    const { program } = await buildProgram(io, true);
    const found = await candidates(program, words, (options) => serverNames(io, options));
    io.out(found.map(({ value, about }) => `${value}\t${about}\n`).join(''));
  } catch {
    // A message here would land in the middle of somebody's command line.
  }
}

/** What could stand in place of the last word. */
export async function candidates(program: Command, words: readonly string[], names: Names): Promise<Candidate[]> {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  const { command, positionals, pending, options } = walk(program, before);
  const matching = (all: readonly Candidate[]) => all.filter(({ value }) => value.startsWith(current));
  const [, flag = '', value = ''] = /^(--[\w-]+)=(.*)$/.exec(current) ?? [];
  const option = pending ?? command.options.find((one) => one.long === flag && takesValue(one));
  if (option !== undefined) {
    const prefix = pending === undefined ? `${flag}=` : '';
    const typed = pending === undefined ? value : current;
    const values = (await optionValues(option, options, names)).filter((one) => one.value.startsWith(typed));
    return values.map((one) => ({ ...one, value: prefix + one.value }));
  }
  if (current.startsWith('-')) return matching(flagsOf(command));
  const subcommands = command.commands
    .filter((one) => !hidden(one))
    .map((one) => ({ value: one.name(), about: one.description() }));
  if (subcommands.length > 0 && positionals === 0) return matching(subcommands);
  return matching(await argumentValues(command, command.registeredArguments[positionals], options, names));
}

type Place = {
  readonly command: Command;
  readonly positionals: number;
  readonly pending?: Option;
  readonly options: CommonOptions;
};

/** Follows the words down the tree of commands, as the parser will. */
function walk(program: Command, words: readonly string[]): Place {
  let command = program;
  let positionals = 0;
  let pending: Option | undefined;
  const seen: Record<string, string> = {};
  for (const word of words) {
    if (pending !== undefined) {
      seen[pending.attributeName()] = word;
      pending = undefined;
      continue;
    }
    if (word.startsWith('-')) {
      const [flag = '', value] = word.split(/=(.*)/s);
      const option = command.options.find((one) => one.short === flag || one.long === flag);
      if (option !== undefined && takesValue(option)) {
        if (value === undefined) pending = option;
        else seen[option.attributeName()] = value;
      }
      continue;
    }
    const child = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (child !== undefined && positionals === 0) command = child;
    else positionals += 1;
  }
  const options = { ...given<object>(program), ...seen } as CommonOptions;
  return { command, positionals, options, ...(pending && { pending }) };
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

function hidden(command: Command): boolean {
  return command.name().startsWith('_');
}

function flagsOf(command: Command): Candidate[] {
  const options = command.options.map(({ long, short, description }) => ({
    value: long ?? short ?? '',
    about: description,
  }));
  return [...options, { value: '--help', about: 'display help for command' }];
}

async function optionValues(option: Option, options: CommonOptions, names: Names): Promise<Candidate[]> {
  if (option.argChoices !== undefined) return option.argChoices.map((value) => ({ value, about: '' }));
  if (option.attributeName() === 'namespace') {
    const spaces = (await names({ ...options, namespace: '*' })).map(({ namespace }) => namespace);
    return [...new Set(spaces)].sort().map((value) => ({ value, about: '' }));
  }
  if (option.attributeName() === 'phase')
    return ['Progressing', 'Terminating', 'Disabling'].map((value) => ({ value, about: '' }));
  if (option.attributeName() === 'release') return [{ value: 'last', about: 'the newest' }];
  return [];
}

async function argumentValues(
  command: Command,
  argument: Argument | undefined,
  options: CommonOptions,
  names: Names,
): Promise<Candidate[]> {
  if (argument === undefined) return [];
  if (command.name() === 'completion') return ['bash', 'zsh', 'fish'].map((value) => ({ value, about: '' }));
  if (argument.name() !== 'name') return (argument.argChoices ?? []).map((value) => ({ value, about: '' }));
  const found = (await names(options)).map(({ name }) => name);
  return [...new Set(found)].sort().map((value) => ({ value, about: '' }));
}

/** Ended releases too: `get`, `history` and `start` are as often about them. */
async function serverNames(io: Io, options: CommonOptions): Promise<{ namespace: string; name: string }[]> {
  const [{ withSluice }, { namespaceOf }] = await Promise.all([import('./session.ts'), import('./settings.ts')]);
  const namespace = options.namespace === '*' ? undefined : await namespaceOf(options, io.env);
  const filter = { all: true, limit: 500, ...(namespace && { namespace }) };
  const found = await withSluice(io, options, ({ sluice }) => sluice.list(filter), { connect: 1500 });
  return found.map(({ target }) => target);
}

/** Prints the script for one shell. */
export function printScript(io: Io, shell: string): void {
  const script = scripts[shell];
  if (script === undefined)
    throw new SluiceError('BadInput', `completion: there is a script for bash, zsh and fish, not for "${shell}".`);
  io.out(script);
}

const scripts: Record<string, string> = {
  bash: `_sluice() {
  local line
  COMPREPLY=()
  # COMP_WORDS breaks words at = and :, so the line is taken apart here.
  local words
  read -ra words <<< "\${COMP_LINE:0:COMP_POINT}"
  [[ "\${COMP_LINE:0:COMP_POINT}" == *[[:space:]] ]] && words+=("")
  while IFS=$'\\t' read -r line _; do
    case "\${COMP_WORDS[COMP_CWORD]}" in =) line="\${line#*=}" ;; *) [[ "\${COMP_WORDS[COMP_CWORD-1]}" == "=" ]] && line="\${line#*=}" ;; esac
    COMPREPLY+=("$line")
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _sluice sluice
`,
  zsh: `#compdef sluice
_sluice() {
  local -a found
  local value about
  while IFS=$'\\t' read -r value about; do
    found+=("\${value//:/\\\\:}\${about:+:$about}")
  done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#found} )) && _describe 'sluice' found || _files
}
compdef _sluice sluice
`,
  fish: `function __sluice_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] __complete -- $words[2..-1] 2>/dev/null
end
complete -c sluice -f -a '(__sluice_complete)'
complete -c sluice -s f -l filename -r -F
`,
};
