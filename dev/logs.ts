import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { DevError } from './errors.ts';
import { tailOf } from './processes.ts';
import { find, logOf } from './stack.ts';
import { type ComponentName, componentNames } from './types.ts';
import { delay } from './wait.ts';

/** Prints the last lines of one log, or of all with the name in front; `follow` goes on until the stack is down. */
export async function showLogs(
  component: ComponentName | undefined,
  { name, lines, follow }: { readonly name?: string; readonly lines: number; readonly follow?: boolean },
): Promise<number> {
  if (component !== undefined && !componentNames.includes(component)) {
    throw new DevError(`There is no component "${component}": choose one of ${componentNames.join(', ')}.`);
  }
  const stack = find(name);
  if (stack === undefined) throw new DevError('No such stack is up: sluice dev up');
  const logs = componentNames
    .filter((candidate) => component === undefined || candidate === component)
    .map((candidate) => ({ prefix: component === undefined ? `${candidate}: ` : '', path: logOf(stack, candidate) }))
    .filter(({ path }) => existsSync(path));
  const offsets = logs.map(({ path }) => statSync(path).size);
  for (const { prefix, path } of logs) write(prefix, tailOf(path, lines));
  while (follow === true && existsSync(stack.dir)) {
    for (const [index, { prefix, path }] of logs.entries()) {
      const from = offsets[index] as number;
      const size = existsSync(path) ? statSync(path).size : from;
      if (size > from) write(prefix, readFrom(path, from, size - from));
      offsets[index] = size;
    }
    await delay(200);
  }
  return 0;
}

function readFrom(path: string, from: number, length: number): string {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(length);
    return buffer
      .subarray(0, readSync(fd, buffer, 0, length, from))
      .toString('utf8')
      .trimEnd();
  } finally {
    closeSync(fd);
  }
}

function write(prefix: string, text: string): void {
  if (text === '') return;
  process.stdout.write(
    `${text
      .split('\n')
      .map((line) => prefix + line)
      .join('\n')}\n`,
  );
}
