import { maxSteps } from '../keys.ts';
import { routingMessages } from '../routings.ts';
import { messages } from '../steps.ts';
import { matches, requestHeaderModifier } from './matches.ts';
import { flag, integer, intOrString, list, open, type Rule, record, type Schema, text } from './types.ts';

/**
 * All percentages with their numbers, as a CEL map. CEL cannot bound the length of an int-or-string, so it estimates
 * whatever reads its characters (`matches`, `substring`, even `<`) beyond the limit; looking it up in a map is cheap.
 */
const percentages = `{${Array.from({ length: 100 }, (_, index) => `'${index + 1}%':${index + 1}`).join(',')}}`;

const trafficRule = (zero: boolean): Rule => ({
  rule: zero ? `self == '0%' || self in ${percentages}` : `self in ${percentages}`,
  message: zero ? messages.blueGreenTraffic : messages.traffic,
});

function step(blueGreen: boolean): Schema {
  const stepRules: readonly Rule[] = [
    {
      // On the step, not on the field: `type()` of the field itself is estimated by its length.
      rule: `!has(self.replicas) || (type(self.replicas) == int ? int(self.replicas) > 0 : ${percentages}[?self.replicas].orValue(0) > 0)`,
      message: messages.replicas,
      fieldPath: '.replicas',
    },
    {
      rule: '!has(self.weight) || (self.weight <= 100 && self.weight >= (has(self.replicas) ? 0 : 1))',
      message: messages.weight,
      fieldPath: '.weight',
    },
    {
      rule: `!has(self.weight) || !has(self.traffic) || ${percentages}[?self.traffic].orValue(0) == self.weight`,
      message: 'traffic and weight say different things; keep one of the two',
    },
  ];
  return record(
    'One step: first pods, then traffic, then a pause.',
    {
      replicas: intOrString(
        'Pods of the new version when the step is reached: a number, or a share of all pods ("40%").',
      ),
      traffic: {
        ...text('Share of requests for the new version, such as "20%".', { maxLength: 16 }),
        'x-kubernetes-validations': [trafficRule(blueGreen)],
      },
      weight: integer(
        'Share of requests for the new version in percent, in the shape of v1alpha1; also the share of pods when there is no replicas.',
      ),
      matches,
      requestHeaderModifier,
      pause: record('How the step ends. Without a duration, when it is approved.', {
        duration: integer('Seconds after which the step ends by itself; 0 is at once.', [
          { rule: 'self >= 0', message: messages.duration },
        ]),
      }),
      analysis: open('Metric analysis; accepted, and not looked at yet.'),
    },
    stepRules,
  );
}

const routing: Schema = record(
  'A stable Service and what sends requests to it.',
  {
    service: text('Name of the stable Service.'),
    gracePeriodSeconds: {
      ...integer(
        'Least time in seconds between two changes of traffic. Without it the effect of a change is awaited, not a time: there is no default.',
        [{ rule: 'self >= 0', message: routingMessages.grace }],
      ),
    },
    type: text('Older spelling of ingress.classType.'),
    ingress: record(
      'An Ingress whose controller understands canary annotations.',
      {
        name: text('Name of the Ingress.'),
        classType: text('Which annotations the controller understands: nginx (the default) or higress.'),
      },
      [{ rule: "has(self.name) && self.name != ''", message: routingMessages.ingress }],
    ),
    gateway: record('A route of the Gateway API.', { httpRouteName: text('Name of the HTTPRoute.') }, [
      { rule: "has(self.httpRouteName) && self.httpRouteName != ''", message: routingMessages.gateway },
    ]),
    customNetworkRefs: list(
      'Other objects that carry traffic. Accepted, and not driven yet.',
      20,
      record(
        'An object of the same namespace.',
        { apiVersion: text('API version.'), kind: text('Kind.'), name: text('Name.') },
        [],
        { required: ['apiVersion', 'kind', 'name'] },
      ),
    ),
  },
  [
    { rule: "has(self.service) && self.service != ''", message: routingMessages.service },
    { rule: 'has(self.gateway) || has(self.ingress) || has(self.customNetworkRefs)', message: routingMessages.none },
    {
      rule: "!has(self.type) || self.type == '' || !has(self.ingress) || !has(self.ingress.classType) || self.ingress.classType == '' || self.ingress.classType == self.type",
      message: 'type and ingress.classType say different things; keep ingress.classType',
    },
  ],
);

const positions = `[${Array.from({ length: maxSteps - 1 }, (_, index) => index).join(',')}]`;
const at = (offset: number): string => (offset === 0 ? 'self.steps[i]' : `self.steps[i+${offset}]`);
const asPercent = (s: string): string =>
  `(has(${s}.replicas) ? ${percentages}[?${s}.replicas].orValue(0) : ${s}.weight)`;
const isCount = (s: string): string => `(has(${s}.replicas) && type(${s}.replicas) == int)`;
const given = (s: string): string => `(has(${s}.replicas) || has(${s}.weight))`;
const [now, next] = [at(0), at(1)];

function strategyRules(): Rule[] {
  return [
    { rule: 'has(self.steps) && size(self.steps) > 0', message: messages.noSteps, fieldPath: '.steps' },
    {
      // Only amounts of one kind are compared; a weight stands for the share of pods when there is no replicas.
      rule:
        `!has(self.steps) || ${positions}.all(i, i + 1 >= size(self.steps) || !${given(now)} || !${given(next)} || ` +
        `${isCount(now)} != ${isCount(next)} || (${isCount(now)} ? int(${now}.replicas) <= int(${next}.replicas) : ` +
        `${asPercent(now)} <= ${asPercent(next)}))`,
      message: messages.falling,
      fieldPath: '.steps',
    },
    {
      rule:
        '!has(self.steps) || !has(self.trafficRoutings) || size(self.trafficRoutings) == 0 || ' +
        `${positions}.all(i, i + 1 >= size(self.steps) || !has(${now}.weight) || !has(${next}.weight) || ` +
        `${now}.weight <= ${next}.weight)`,
      message: messages.fallingWeight,
      fieldPath: '.steps',
    },
    {
      rule: '!has(self.trafficRoutings) || size(self.trafficRoutings) <= 1',
      message: routingMessages.several,
      fieldPath: '.trafficRoutings',
    },
  ];
}

function common(blueGreen: boolean): Record<string, Schema> {
  return {
    steps: list('The steps, in order. What is left after the last one follows by itself.', maxSteps, step(blueGreen)),
    trafficRoutings: list('How requests are moved; at most one element.', 16, routing),
    trafficRoutingRef: text('Name of a TrafficRouting. Accepted, and not read yet.'),
    failureThreshold: intOrString(
      'Pods of the new version that may be missing before a step counts as not ready: a number, or a share of them. Default 0.',
    ),
    disableGenerateCanaryService: flag('Send requests for both versions to the stable Service, and make no other.'),
    analysis: open('Metric analysis; accepted, and not looked at yet.'),
  };
}

/** `spec.strategy.canary`. */
export const canary: Schema = record(
  'Release step by step.',
  {
    ...common(false),
    enableExtraWorkloadForCanary: flag(
      'Run the new version in a Deployment of its own until the release ends (canary style).',
    ),
    patchPodTemplateMetadata: record('Labels and annotations for pods of the new version, until the release ends.', {
      labels: map('Labels.'),
      annotations: map('Annotations.'),
    }),
  },
  strategyRules(),
);

/** `spec.strategy.blueGreen`. */
export const blueGreen: Schema = record(
  'Run both versions at full size, then move the traffic. Accepted, and not released yet.',
  common(true),
  strategyRules(),
);

function map(description: string): Schema {
  return { type: 'object', description, additionalProperties: { type: 'string' } };
}
