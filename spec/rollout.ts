import type { Plan, PodMetadataPatch, Switches } from '../domain/plan.ts';
import type { Problem } from '../domain/problems.ts';
import { Field } from './field.ts';
import { digest } from './hash.ts';
import { group, versions } from './keys.ts';
import { readRoutings } from './routings.ts';
import { readAmount, readSteps } from './steps.ts';
import { readTarget } from './workload.ts';

/** What a Rollout says. There is a plan exactly when there are no problems: a plan can be released as it is. */
export type ParsedRollout = {
  readonly plan?: Plan;
  /** Read as far as they can be read, also when there are problems. */
  readonly switches: Switches;
  readonly problems: Problem[];
};

/**
 * Reads a Rollout of either version, in either version's shape, and in the older spellings that documents use, with
 * OpenKruise's rules and words (behaviour, section 1.10). `InvalidRollout` is what OpenKruise refuses too;
 * `Unsupported` is legal there and not released here, and its message says what to write instead.
 * Unknown fields, and `analysis`, are passed over. Never throws.
 */
export function parseRollout(object: unknown): ParsedRollout {
  const problems: Problem[] = [];
  const root = new Field(object, [], problems);
  if (!root.record()) {
    if (!root.present) root.invalid('is empty; a Rollout is an object with apiVersion, kind, metadata and spec');
    return { switches: { paused: false, disabled: false, deleting: false }, problems };
  }
  checkType(root);
  const spec = root.at('spec');
  if (!spec.present) spec.invalid('spec is required');
  const switches = readSwitches(root);
  const plan = spec.record() ? readPlan(root) : undefined;
  return problems.length === 0 && plan !== undefined ? { plan, switches, problems } : { switches, problems };
}

/** Lists made by some clients leave `apiVersion` and `kind` out of their items, so only wrong ones are refused. */
function checkType(root: Field): void {
  const [apiVersion, kind] = [root.at('apiVersion'), root.at('kind')];
  const known = versions.map((version) => `${group}/${version}`);
  const writtenVersion = apiVersion.string();
  if (writtenVersion !== undefined && !known.includes(writtenVersion)) {
    apiVersion.invalid(`must be ${known.join(' or ')}, not ${writtenVersion}`);
  }
  const writtenKind = kind.string();
  if (writtenKind !== undefined && writtenKind !== 'Rollout') kind.invalid(`must be Rollout, not ${writtenKind}`);
}

function readSwitches(root: Field): Switches {
  return {
    paused: root.at('spec', 'strategy', 'paused').boolean() ?? false,
    disabled: root.at('spec', 'disabled').boolean() ?? false,
    deleting: root.at('metadata', 'deletionTimestamp').present,
  };
}

function readPlan(root: Field): Plan | undefined {
  const strategies = root.at('spec', 'strategy');
  strategies.record();
  const target = readTarget(root);
  const [canary, blueGreen] = [strategies.at('canary'), strategies.at('blueGreen')];
  if (canary.present && blueGreen.present) strategies.invalid('Canary and BlueGreen cannot both be set');
  const strategy = blueGreen.present && !canary.present ? blueGreen : canary;
  if (!strategy.record()) {
    if (!strategy.present) {
      if (target?.older === true) canary.invalid('Canary cannot be empty');
      else strategies.invalid('Canary and BlueGreen cannot both be empty');
    }
    return undefined;
  }
  const routings = readRoutings(strategy, root);
  const style = target?.style ?? (strategy === blueGreen ? 'blueGreen' : 'canary');
  const steps = readSteps(strategy.at('steps'), { style, older: target?.older ?? false, routed: routings.length > 0 });
  const failureThreshold = readFailureThreshold(strategy.at('failureThreshold'));
  const podMetadata = readPodMetadata(strategy.at('patchPodTemplateMetadata'));
  const disableGenerateCanaryService = strategy.at('disableGenerateCanaryService').boolean() ?? false;
  if (target === undefined) return undefined;
  const content = { style, routings, podMetadata, disableGenerateCanaryService };
  // OpenKruise's rule (behaviour, section 2.1): neither pauses nor the threshold are part of the plan's identity.
  const hash = digest({ ...content, steps: steps.map(({ pause: _, ...step }) => step) });
  return { workload: target.workload, ...content, steps, failureThreshold, hash };
}

function readFailureThreshold(field: Field): Plan['failureThreshold'] {
  if (!field.present) return 0;
  return (
    readAmount(field, 0, 'failureThreshold must be a number of pods, 0 or more, or a percentage up to "100%"') ?? 0
  );
}

function readPodMetadata(field: Field): PodMetadataPatch {
  if (!field.record()) return { labels: {}, annotations: {} };
  return { labels: field.at('labels').stringMap(), annotations: field.at('annotations').stringMap() };
}
