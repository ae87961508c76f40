/**
 * The state machine as the code has it, in mermaid and tables, for docs/concepts.md. Nothing is drawn by hand: the
 * transitions are those that `decide`, `done` and `command` make when they are led through every event they know.
 */
import { readFileSync } from 'node:fs';
import { command } from '../../domain/command.ts';
import { type Action, decide } from '../../domain/decide.ts';
import { done } from '../../domain/done.ts';
import { finaliseOrder, finaliseSteps, outcomeOf } from '../../domain/finalise.ts';
import type { Plan } from '../../domain/plan.ts';
import { type Facts, type FinaliseReason, newRelease, type ReleaseState, type Version } from '../../domain/release.ts';

/** The members of a union of strings, in the order in which the source names them. */
export function membersOf(file: string, type: string): string[] {
  const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  const text = new RegExp(`export type ${type} =([^;]*);`).exec(source)?.[1];
  if (text === undefined) throw new Error(`${file} has no type ${type}`);
  return [...text.matchAll(/'(\w+)'/g)].map(([, member = '']) => member);
}

const stepStates = membersOf('domain/view.ts', 'StepState');
const reasons = membersOf('domain/release.ts', 'FinaliseReason') as FinaliseReason[];

const version = (name: string): Version => ({ revision: name, podTemplateHash: name, images: [name] });
const plan: Plan = {
  workload: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' },
  style: 'canary',
  steps: [
    { replicas: 1, traffic: 10, pause: { kind: 'approval' } },
    { replicas: 2, pause: { kind: 'timed', seconds: 60 } },
    { replicas: 3, traffic: 50, pause: { kind: 'approval' } },
  ],
  routings: [{ service: 'app' }],
  failureThreshold: 0,
  podMetadata: { labels: {}, annotations: {} },
  disableGenerateCanaryService: false,
  hash: 'plan',
};

/** What can be seen of the cluster, and what time it is. */
type World = { readonly facts: Facts; readonly now: number };
type Place = { readonly state: ReleaseState; readonly world: World };
type Edge = { readonly from: string; readonly to: string; readonly label: string };

const start: Place = {
  state: newRelease(0),
  world: {
    now: 1,
    facts: {
      plan,
      problems: [{ code: 'ServiceNotFound', message: 'there is no Service' }],
      switches: { paused: false, disabled: false, deleting: false },
      attached: true,
      shownPhase: 'Healthy',
      generation: 1,
      drifted: false,
      workload: {
        replicas: 5,
        revision: 'new',
        images: ['new'],
        held: true,
        generation: 1,
        progressDeadlineSeconds: 600,
        rolloutId: '',
        older: [version('old')],
        queued: false,
      },
    },
  },
};

type Event = { readonly label: string; readonly apply: (place: Place, action: Action) => Place | undefined };

const seeing =
  (change: (facts: Facts) => Partial<Facts> | undefined): Event['apply'] =>
  ({ state, world }) => {
    const changed = change(world.facts);
    return changed === undefined ? undefined : { state, world: { ...world, facts: { ...world.facts, ...changed } } };
  };

const template = (revision: string) => (facts: Facts) =>
  facts.workload === undefined || facts.workload.revision === revision
    ? undefined
    : { workload: { ...facts.workload, revision, images: [revision] } };

const told =
  (name: 'approve' | 'abort' | 'retry' | 'undo' | 'jump', to?: number): Event['apply'] =>
  ({ state, world }, action) => {
    const wish = { by: 'someone', via: 'cli' as const, ...(to === undefined ? {} : { to }) };
    const answer = command(name, wish, state, world.facts, action, world.now);
    return 'refusal' in answer ? undefined : { state: answer.state, world };
  };

const events: readonly Event[] = [
  {
    label: 'nothing is wrong any more',
    apply: seeing((facts) => (facts.problems.length === 0 ? undefined : { problems: [] })),
  },
  { label: 'approve', apply: told('approve') },
  { label: 'jump', apply: told('jump', 1) },
  { label: 'retry', apply: told('retry') },
  { label: 'abort', apply: told('abort') },
  { label: 'undo', apply: told('undo') },
  { label: 'old version applied', apply: seeing(template('old')) },
  { label: 'another version applied', apply: seeing(template('newer')) },
  { label: 'Rollout deleted', apply: seeing(({ switches }) => ({ switches: { ...switches, deleting: true } })) },
  { label: 'Rollout disabled', apply: seeing(({ switches }) => ({ switches: { ...switches, disabled: true } })) },
  {
    label: 'workload deleted',
    apply: ({ state, world: { now, facts } }) => {
      const { workload, ...rest } = facts;
      return workload === undefined ? undefined : { state, world: { now, facts: rest } };
    },
  },
  {
    label: 'the pause is over',
    apply: ({ state, world }, action) =>
      action.do === 'wait' && action.until !== undefined
        ? { state, world: { ...world, now: action.until } }
        : undefined,
  },
];

/** The state after an action was carried out, with what it changed in the cluster. */
function carriedOut({ state, world }: Place, action: Action): Place | undefined {
  if (action.do === 'wait' || action.do === 'restart' || action.do === 'end') return undefined;
  const after = done(state, action, { podTemplateHash: 'new', deployment: 'app-new', ready: 9 }, world.now);
  const { workload } = world.facts;
  if (action.do !== 'finalise' || workload === undefined) return { state: after, world };
  const changed =
    action.step === 'putBack'
      ? { revision: 'old', images: ['old'] }
      : action.step === 'resumeWorkload'
        ? { held: false }
        : {};
  return { state: after, world: { ...world, facts: { ...world.facts, workload: { ...workload, ...changed } } } };
}

/** Where a release is, as the drawing names it. */
function nameOf({ stage, stepState, finalise }: ReleaseState): string {
  if (finalise !== undefined) return finalise.reason;
  return stage === 'Rolling' ? stepState : stage;
}

type Explored = { readonly edges: readonly Edge[]; readonly actions: ReadonlyMap<string, ReadonlySet<string>> };

/** Leads a release through everything that can happen to it, and notes where it goes. */
export function explore(): Explored {
  const edges = new Map<string, Edge>();
  const actions = new Map<string, Set<string>>();
  const seen = new Set<string>();
  const todo: Place[] = [start];
  const note = (from: string, to: string, label: string) => edges.set(`${from}|${to}|${label}`, { from, to, label });
  for (let place = todo.pop(); place !== undefined; place = todo.pop()) {
    const { state, action } = decide(place.state, place.world.facts, place.world.now);
    const here: Place = { state, world: place.world };
    const key = JSON.stringify([
      { ...state, decisions: 0, since: 0, progressAt: 0 },
      { ...here.world, now: 0 },
      action,
    ]);
    if (seen.has(key)) continue;
    seen.add(key);
    const name = nameOf(state);
    const settled = decide(state, here.world.facts, here.world.now).state;
    if (nameOf(settled) !== name) {
      note(name, nameOf(settled), 'done');
      todo.push({ state: settled, world: here.world });
      continue;
    }
    actions.set(
      name,
      (actions.get(name) ?? new Set()).add(action.do === 'wait' ? `wait for ${action.for}` : action.do),
    );
    if (action.do === 'end') note(name, 'end', '');
    if (action.do === 'restart') note(name, 'Initializing', 'the new version begins (a new run)');
    const follow = (next: Place | undefined, label: string) => {
      if (next === undefined) return;
      const then = decide(next.state, next.world.facts, next.world.now).state;
      const step = then.step - state.step;
      if (nameOf(then) !== name || step !== 0) note(name, nameOf(then), label);
      todo.push(next);
    };
    follow(carriedOut(here, action), 'done');
    for (const { label, apply } of events) follow(apply(here, action), label);
  }
  return { edges: [...edges.values()], actions };
}

/** The drawing and the tables, as they stand in docs/concepts.md between the two marks. */
export function drawing(): string {
  const explored = explore();
  const steps = Object.entries(finaliseSteps).map(([step, { says, kruise }]) => [step, says, `\`${kruise}\``]);
  return [
    machine(explored),
    '',
    endings(explored),
    '',
    ...table([['what is done', 'which means', '`finalisingStep`'], ...steps]),
  ].join('\n');
}

/** Rows as the formatter wants them: columns of one width. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? '')].length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...rest] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rest.map(line)];
}

function machine({ edges, actions }: Explored): string {
  const inside = (name: string) => stepStates.includes(name);
  const lines = [
    '```mermaid',
    'stateDiagram-v2',
    '  [*] --> Initializing',
    '  state Rolling {',
    `    [*] --> ${stepStates[0]}`,
  ];
  for (const [index, state] of stepStates.slice(0, -1).entries()) {
    const taken = [...(actions.get(state) ?? [])].filter((name) => !name.startsWith('wait for resume')).sort();
    lines.push(`    ${state} --> ${stepStates[index + 1]}${taken.length === 0 ? '' : `: ${taken.join(', ')}`}`);
  }
  const again = edges.filter(
    ({ from, to, label }) => inside(from) && inside(to) && (label === 'jump' || label === 'retry'),
  );
  const commands = [...new Set(again.map(({ label }) => label))].sort();
  lines.push(
    '    StepReady --> BeforeStepUpgrade: next step',
    `    StepPaused --> BeforeStepUpgrade: ${commands.join(', ')} (from any state)`,
    '  }',
  );
  const group = (name: string) =>
    inside(name) ? 'Rolling' : reasons.includes(name as FinaliseReason) ? `Ending_${name}` : name;
  const drawn = new Map<string, Set<string>>();
  for (const { from, to, label } of edges) {
    const [one, other] = [group(from), to === 'end' ? '[*]' : group(to)];
    if (one === other) continue;
    const way = `  ${one} --> ${other}`;
    drawn.set(way, (drawn.get(way) ?? new Set()).add(label));
  }
  for (const [way, labels] of [...drawn].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const named = [...labels].filter((label) => label !== '' && label !== 'done').sort();
    lines.push(named.length === 0 ? way : `${way}: ${named.join(', ')}`);
  }
  return [...lines, '```'].join('\n');
}

function endings({ edges }: Explored): string {
  const result = (reason: FinaliseReason) => {
    if (edges.some(({ from, to }) => from === reason && to === 'end')) return outcomeOf(reason);
    return edges.some(({ from, to }) => from === reason && to === 'Aborted')
      ? '(waits for a decision)'
      : '(the next version begins)';
  };
  const rows = reasons.map((reason) => [reason, finaliseOrder(reason).join(' → '), result(reason)]);
  return table([['ending', 'in this order', 'result'], ...rows]).join('\n');
}

const marks = ['<!-- drawn from domain/ by docs/draw.ts -->', '<!-- end of the drawing -->'] as const;

/** The document with the drawing between its two marks. Throws when it has none. */
export function withDrawing(document: string, drawn: string): string {
  const [begin, end] = marks.map((mark) => document.indexOf(mark));
  if (begin === undefined || end === undefined || begin < 0 || end < begin)
    throw new Error(`the document lacks ${marks.join(' and ')}`);
  return `${document.slice(0, begin + marks[0].length)}\n\n${drawn}\n\n${document.slice(end)}`;
}
