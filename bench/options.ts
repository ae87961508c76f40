/** What the bench is asked for on the command line. */
import { parseArgs } from 'node:util';

export type BenchOptions = {
  /** Print one JSON document instead of tables. */
  readonly json: boolean;
  /** Show one release as a timeline, and measure nothing else unless `only` says so. */
  readonly trace: boolean;
  /** How many releases at once, one round each. */
  readonly n: readonly number[];
  readonly only: 'single' | 'scale' | undefined;
  /** Releases measured one alone. */
  readonly repeat: number;
  /** Releases that are not counted. */
  readonly warmup: number;
  /** Weights of the steps in percent; each also says how many pods. */
  readonly steps: readonly number[];
  /** Namespaces over which the releases of a round are spread. */
  readonly namespaces: number;
  /** Leave the stack and its worker's log. */
  readonly keep: boolean;
  readonly stack: string;
};

export const usage = `npm run bench [-- OPTIONS]

  --json             one JSON document on stdout
  --trace            one release as a timeline, and where its time went
  --n 1,20,100       rounds of so many releases at once
  --only single|scale
  --repeat 10        releases measured one alone
  --warmup 5         releases before, not counted
  --steps 5,40,100   weights of the steps; a step has the same share of the pods
  --namespaces 1     spread each round over so many namespaces
  --stack bench      name of the embedded stack, made afresh
  --keep             leave the stack running`;

/** Reads the arguments; throws a plain Error with what is wrong. */
export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
      n: { type: 'string', default: '1,20,100' },
      only: { type: 'string' },
      repeat: { type: 'string', default: '10' },
      warmup: { type: 'string', default: '5' },
      steps: { type: 'string', default: '5,40,100' },
      namespaces: { type: 'string', default: '1' },
      stack: { type: 'string', default: 'bench' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const { only } = values;
  if (only !== undefined && only !== 'single' && only !== 'scale') throw new Error(`--only is "single" or "scale"`);
  return {
    json: values.json,
    trace: values.trace,
    n: numbers('n', values.n),
    only,
    repeat: number('repeat', values.repeat),
    warmup: number('warmup', values.warmup),
    steps: numbers('steps', values.steps),
    namespaces: number('namespaces', values.namespaces),
    keep: values.keep,
    stack: values.stack,
  };
}

function numbers(name: string, text: string): number[] {
  return text.split(',').map((one) => number(name, one));
}

function number(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`--${name}: "${text}" is not a whole number`);
  return Number(text);
}
