/** `npm run bench`: how long releases take and what they cost, on an embedded stack of its own. */
import { InstallError } from '../deploy/errors.ts';
import { DevError } from '../dev/errors.ts';
import { down } from '../dev/stack.ts';
import { Unfinished } from './follow.ts';
import { machine } from './machine.ts';
import { type BenchOptions, readOptions, usage } from './options.ts';
import { type Figures, report } from './report.ts';
import { type ScaleFigures, scale } from './scale.ts';
import { single } from './single.ts';
import { type Stage, setStage } from './stage.ts';
import { timelineText, trace } from './trace.ts';

const log = (line: string) => void process.stderr.write(`${line}\n`);

/** True when everything finished in its time: how long it took is for people to judge. */
async function bench(options: BenchOptions): Promise<boolean> {
  let stage: Stage | undefined;
  let interrupted = false;
  const stop = () => {
    if (interrupted) return;
    interrupted = true;
    log('interrupted: taking the stack down');
    const ended = stage === undefined ? down({ name: options.stack, log }) : stage.close();
    void ended.finally(() => process.exit(130));
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  stage = await setStage({ stack: options.stack, keep: options.keep, log });
  try {
    const origin = await machine(stage.stack, stage.api);
    if (options.trace) {
      const timeline = await trace(stage, options);
      process.stdout.write(
        options.json ? `${JSON.stringify({ machine: origin, timeline })}\n` : `${timelineText(timeline)}\n`,
      );
      if (options.only === undefined) return true;
    }
    const alone = options.only === 'scale' ? undefined : await single(stage, options, log);
    const many: ScaleFigures[] = [];
    if (options.only !== 'single') for (const n of options.n) many.push(await scale(stage, options, n, log));
    const figures: Figures = {
      machine: origin,
      steps: options.steps,
      ...(alone === undefined ? {} : { single: alone }),
      ...(many.length === 0 ? {} : { scale: many }),
    };
    process.stdout.write(options.json ? `${JSON.stringify(figures, null, 2)}\n` : `${report(figures)}\n`);
    const unfinished = [...(alone?.unfinished ?? []), ...many.flatMap((one) => one.unfinished)];
    if (unfinished.length > 0)
      log(`${unfinished.length} did not finish; the worker's last words:\n${stage.workerLog().slice(-3000)}`);
    return unfinished.length === 0;
  } finally {
    await stage.close();
  }
}

let options: ReturnType<typeof readOptions>;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  log(`${(error as Error).message}\n\n${usage}`);
  process.exit(2);
}
if (options === 'help') {
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}
process.exitCode = await bench(options).then(
  (finished) => (finished ? 0 : 1),
  (error: unknown) => {
    // What these say is meant for people; anything else is a fault of ours, and its stack helps.
    const plain = error instanceof DevError || error instanceof InstallError || error instanceof Unfinished;
    log(plain ? error.message : String((error as Error).stack ?? error));
    return 1;
  },
);
