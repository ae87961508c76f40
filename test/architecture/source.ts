/** The project's files as text, and what a module of ours imports and exports. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A file by its path from the root, with `/` on every system. */
export type SourceFile = { readonly path: string; readonly text: string };

export type Import = {
  /** As it is written: `./plan.ts`, `yaml`, `node:fs`. */
  readonly from: string;
  /** `type`: gone when types are stripped. `dynamic`: loaded when the line runs. */
  readonly kind: 'static' | 'type' | 'dynamic';
};

const outside = new Set(['node_modules', 'dist', '.git', '.sluice', 'coverage']);

/** All files below a folder (default: the project), without what is installed or built. */
export function filesIn(folder = ''): SourceFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !outside.has(name))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return filesIn(path);
      return entry.isFile() ? [{ path, text: readFileSync(join(root, path), 'utf8') }] : [];
    });
}

/** What a module imports or re-exports. The formatter puts every such statement at the beginning of a line. */
export function importsOf(text: string): Import[] {
  const code = withoutComments(text);
  const found: Import[] = [];
  for (const match of code.matchAll(/^(?:import|export)\s+(type\s+)?[\w*{][^;'"]*?\sfrom\s+['"]([^'"]+)['"]/gm))
    found.push({ from: match[2] ?? '', kind: match[1] === undefined ? 'static' : 'type' });
  for (const match of code.matchAll(/^import\s+['"]([^'"]+)['"]/gm))
    found.push({ from: match[1] ?? '', kind: 'static' });
  for (const match of code.matchAll(/\b(?:import|require|require\.resolve)\(\s*['"]([^'"]+)['"]/g))
    found.push({ from: match[1] ?? '', kind: 'dynamic' });
  return found;
}

/** The package of a bare import (`@temporalio/client/lib/x` → `@temporalio/client`); undefined for files and Node's own. */
export function packageOf(from: string): string | undefined {
  if (from.startsWith('.') || from.startsWith('node:')) return undefined;
  return from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The path from the root that a relative import in `path` means. */
export function resolved(path: string, from: string): string {
  const parts = path.split('/').slice(0, -1);
  for (const part of from.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** Everything that is loaded when `entry` is: the files it imports statically, and theirs, with the first way there. */
export function closureOf(entry: string, files: readonly SourceFile[]): Map<string, readonly string[]> {
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  const seen = new Map<string, readonly string[]>([[entry, [entry]]]);
  const todo = [entry];
  for (let path = todo.shift(); path !== undefined; path = todo.shift()) {
    for (const { from, kind } of importsOf(texts.get(path) ?? '')) {
      if (kind !== 'static') continue;
      const next = from.startsWith('.') ? resolved(path, from) : from;
      if (seen.has(next)) continue;
      seen.set(next, [...(seen.get(path) ?? []), next]);
      if (texts.has(next)) todo.push(next);
    }
  }
  return seen;
}

/** Exported names that have no doc comment right above them. Overloads and re-exports are left out. */
export function undocumented(text: string): string[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const name =
      /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|let|type|interface) (\w+)/.exec(
        line,
      )?.[1];
    if (name === undefined) return [];
    const above = lines[index - 1]?.trim() ?? '';
    return above.endsWith('*/') ? [] : [name];
  });
}

/** Comments out, so that code in an example is no code; strings stay, since that is where imports are. */
function withoutComments(text: string): string {
  return text.replaceAll(/^\s*\/\*[\s\S]*?\*\//gm, '').replaceAll(/^\s*\/\/.*$/gm, '');
}
