import { type Amount, type Pause, percentOf, type Step, type Style } from '../domain/plan.ts';
import type { Field } from './field.ts';
import { maxSteps, partitionPercentLimit } from './keys.ts';
import { readHeaderModifier, readMatches } from './matches.ts';

/** OpenKruise's words; users search for them. */
export const messages = {
  noSteps: 'The number of Canary.Steps cannot be empty',
  noReplicas: 'replicas cannot be empty',
  noWeight: 'weight and replicas cannot be empty at the same time',
  replicas: 'replicas must be positive number, or a percentage with "0%" < canaryReplicas <= "100%"',
  traffic: 'traffic must be percentage with "0%" < traffic <= "100%" in canary strategy',
  blueGreenTraffic: 'traffic must be percentage with "0%" <= traffic <= "100%" in blueGreen strategy',
  falling: 'Steps.CanaryReplicas must be a non decreasing sequence',
  fallingWeight: 'Steps.Weight must be a non decreasing sequence',
  partitionLimit:
    'For partition style rollout: step[x].replicas must not greater than partition-percent-limit if traffic specified',
  weight: 'weight must be positive number, and less than or equal to 100',
  duration: 'pause.duration must be a whole number of seconds, 0 or more; leave it out to wait for an approval',
} as const;

/** What the rules for steps depend on beside the steps: the style, v1alpha1's shape, and whether there are routings. */
export type StepRules = { readonly style: Style; readonly older: boolean; readonly routed: boolean };

/** Reads all steps (OpenKruise's rules 4–8). Unreadable steps are left out, each with a problem of its own. */
export function readSteps(list: Field, rules: StepRules): Step[] {
  const fields = list.items(maxSteps);
  if (fields.length === 0) {
    const empty = !list.present || (Array.isArray(list.value) && list.value.length === 0);
    if (empty) list.invalid(messages.noSteps);
    return [];
  }
  const steps = fields.map((field) => readStep(field, rules));
  for (let index = 1; index < steps.length; index++) {
    const [previous, current, field] = [steps[index - 1], steps[index], fields[index]];
    if (previous === undefined || current === undefined || field === undefined) continue;
    if (falls(previous.replicas, current.replicas)) field.at('replicas').invalid(messages.falling);
    else if (rules.routed && weightFalls(fields[index - 1], field)) field.at('weight').invalid(messages.fallingWeight);
  }
  return steps.filter((step) => step !== undefined);
}

function readStep(field: Field, rules: StepRules): Step | undefined {
  if (!field.element()) return undefined;
  const weight = field.at('weight').integer(messages.weight, field.at('replicas').present ? 0 : 1, 100);
  const replicas = readReplicas(field, weight, rules);
  const traffic = readTraffic(field, weight, rules);
  const matches = readMatches(field.at('matches'));
  const requestHeaderModifier = readHeaderModifier(field.at('requestHeaderModifier'));
  const pause = readPause(field.at('pause'));
  if (replicas === undefined) return undefined;
  const moves = traffic !== undefined || matches !== undefined;
  if (
    rules.style === 'partition' &&
    moves &&
    typeof replicas === 'string' &&
    percentOf(replicas) > partitionPercentLimit
  ) {
    field.at('replicas').invalid(messages.partitionLimit);
  }
  return {
    replicas,
    ...(traffic !== undefined && { traffic }),
    ...(matches !== undefined && { matches }),
    ...(requestHeaderModifier !== undefined && { requestHeaderModifier }),
    pause,
  };
}

function readReplicas(step: Field, weight: number | undefined, { older }: StepRules): Amount | undefined {
  const field = step.at('replicas');
  if (field.present) return readAmount(field, 1, messages.replicas);
  if (weight !== undefined) return `${weight}%`;
  if (!step.at('weight').present) field.invalid(older ? messages.noWeight : messages.noReplicas);
  return undefined;
}

/** A pod count or a percentage of at most 100, at least `minimum`, with percentages in one spelling (`05%` → `5%`). */
export function readAmount(field: Field, minimum: number, message: string): Amount | undefined {
  if (typeof field.value !== 'string') return field.integer(message, minimum);
  const percent = readPercent(field.value);
  if (percent !== undefined && percent >= minimum && percent <= 100) return `${percent}%`;
  field.invalid(message);
  return undefined;
}

function readPercent(text: string): number | undefined {
  const match = /^(\d{1,9})%$/.exec(text);
  return match === null ? undefined : Number(match[1]);
}

function readTraffic(step: Field, weight: number | undefined, { style }: StepRules): number | undefined {
  const field = step.at('traffic');
  if (!field.present) return weight;
  const least = style === 'blueGreen' ? 0 : 1;
  const percent = typeof field.value === 'string' ? readPercent(field.value) : undefined;
  if (percent === undefined || percent < least || percent > 100) {
    field.invalid(style === 'blueGreen' ? messages.blueGreenTraffic : messages.traffic);
    return undefined;
  }
  if (weight !== undefined && weight !== percent) {
    field.invalid(`traffic says ${percent}% and weight says ${weight}%; keep one of the two`);
  }
  return percent;
}

function readPause(field: Field): Pause {
  if (!field.record()) return { kind: 'approval' };
  const seconds = field.at('duration').integer(messages.duration, 0);
  return seconds === undefined ? { kind: 'approval' } : { kind: 'timed', seconds };
}

/** Only amounts of one kind are compared: a count says nothing about a percentage of an unknown total. */
function falls(previous: Amount, current: Amount): boolean {
  if (typeof previous === 'number' && typeof current === 'number') return current < previous;
  if (typeof previous === 'string' && typeof current === 'string') return percentOf(current) < percentOf(previous);
  return false;
}

function weightFalls(previous: Field | undefined, current: Field): boolean {
  const [before, now] = [previous?.at('weight').value, current.at('weight').value];
  return typeof before === 'number' && typeof now === 'number' && now < before;
}
