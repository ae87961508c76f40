import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type Document, formatLocated, parseFile } from '../../spec/file.ts';

const fixture = (name: string): Document[] =>
  parseFile(readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8'), name);
const lines = (text: string): string[] =>
  parseFile(text, 'owl.yaml').flatMap(({ problems, warnings }) => [...problems, ...warnings].map(formatLocated));

const head = `apiVersion: rollouts.kruise.io/v1beta1
kind: Rollout
metadata:
  name: owl
spec:
  workloadRef: { apiVersion: apps/v1, kind: Deployment, name: owl }
  strategy:
    canary:
      enableExtraWorkloadForCanary: true
`;

describe('the documents that people follow', () => {
  it('are read as they are, with weights, older places and older types', () => {
    const [document] = fixture('older-place.yaml');
    expect(document).toMatchObject({ problems: [], warnings: [], name: 'parrot' });
    expect(document?.rollout?.plan).toMatchObject({
      workload: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'parrot' },
      style: 'canary',
      steps: [
        { replicas: 1, traffic: 5, pause: { kind: 'approval' } },
        { replicas: '40%', traffic: 40, pause: { kind: 'timed', seconds: 600 } },
        { replicas: '60%', traffic: 60 },
        { replicas: '80%', traffic: 80 },
      ],
      routings: [{ service: 'parrot', ingress: { name: 'parrot', classType: 'nginx' } }],
    });
  });

  it('may ask for an analysis, and hold its template', () => {
    const [rollout, template, ...rest] = fixture('analysis.yaml');
    expect(rollout?.rollout?.plan?.steps).toEqual([{ replicas: '5%', traffic: 5, pause: { kind: 'approval' } }]);
    expect(template).toMatchObject({ kind: 'AnalysisTemplate', problems: [], warnings: [] });
    expect(rest).toEqual([]);
  });

  it('may hold the whole application', () => {
    const documents = fixture('whole-app.yaml');
    expect(documents.map(({ kind, name, line }) => [kind, name, line])).toEqual([
      ['Deployment', 'parrot', 1],
      ['Service', 'parrot', 27],
      ['Ingress', 'parrot', 42],
      ['Rollout', 'parrot-release', 61],
    ]);
    expect(documents.flatMap(({ problems, warnings }) => [...problems, ...warnings])).toEqual([]);
    expect(documents[3]).toMatchObject({
      namespace: 'birds',
      rollout: { plan: { steps: [{ replicas: '20%', traffic: 5 }] } },
    });
  });

  it('may split requests by weight or by header', () => {
    const [weight, header] = fixture('weights-and-headers.yaml');
    expect(weight?.rollout?.plan?.steps).toMatchObject([
      { replicas: 1, traffic: 10 },
      { replicas: 2, traffic: 30 },
    ]);
    expect(header?.rollout?.plan?.steps).toEqual([
      {
        replicas: 1,
        matches: [{ headers: [{ name: 'user-agent', value: 'android', type: 'Exact' }] }],
        pause: { kind: 'approval' },
      },
    ]);
  });
});

describe('a problem in a file', () => {
  it.each<[string, string, string]>([
    [
      'a value',
      '      steps: [{ replicas: 1, traffic: 20 }]\n',
      'owl.yaml:10:39: spec.strategy.canary.steps[0].traffic: traffic must be percentage with "0%" < traffic <= "100%" in canary strategy (write "20%")',
    ],
    [
      'a block',
      '      steps:\n        - replicas: 1\n      trafficRoutings:\n        - service: owl\n',
      'owl.yaml:13:11: spec.strategy.canary.trafficRoutings[0]: TrafficRoutings are not set',
    ],
    [
      'a missing field',
      '      trafficRoutings: []\n',
      'owl.yaml:8:5: spec.strategy.canary.steps: The number of Canary.Steps cannot be empty',
    ],
    [
      'a duration',
      '      steps: [{ replicas: 1, pause: { duration: 10m } }]\n',
      'owl.yaml:10:49: spec.strategy.canary.steps[0].pause.duration: pause.duration must be a whole number of seconds, 0 or more; leave it out to wait for an approval (write 600, in seconds)',
    ],
    [
      'an alias',
      '      steps:\n        - &first { replicas: 0 }\n        - *first\n',
      'owl.yaml:11:30: spec.strategy.canary.steps[0].replicas: replicas must be positive number, or a percentage with "0%" < canaryReplicas <= "100%"',
    ],
  ])('is shown at %s', (_, tail, line) => {
    expect(lines(head + tail)[0]).toBe(line);
  });

  it('is shown at the misspelt field, with the field that was meant', () => {
    expect(lines(`${head}      step: [{ replicas: 1 }]\n`)).toEqual([
      'owl.yaml:10:7: spec.strategy.canary.steps: The number of Canary.Steps cannot be empty (did you mean steps instead of step?)',
      'owl.yaml:10:7: spec.strategy.canary.step: unknown field; it would be dropped (did you mean steps?)',
    ]);
  });

  it('is a warning when a field would only be dropped', () => {
    const [document] = parseFile(
      `${head}      steps: [{ replicas: 1 }]\n      trafficRouting: [{ service: owl }]\n`,
      'owl.yaml',
    );
    expect(document?.problems).toEqual([]);
    expect(document?.rollout?.plan).toBeDefined();
    expect(document?.warnings.map(formatLocated)).toEqual([
      'owl.yaml:11:7: spec.strategy.canary.trafficRouting: unknown field; it would be dropped (did you mean trafficRoutings?)',
    ]);
  });

  it.each<[string, string, string]>([
    ['a kind in small letters', head.replace('kind: Deployment', 'kind: deployment'), 'did you mean Deployment?'],
    ['a Rollout in small letters', head.replace('kind: Rollout', 'kind: rollout'), 'did you mean Rollout?'],
    ['an older group', head.replace('/v1beta1', '/v1beta2'), 'did you mean rollouts.kruise.io/v1beta1?'],
    ['no name', head.replace('  name: owl\n', '  labels: {}\n'), 'metadata.name is required'],
    ['no kind', head.replace('kind: Rollout\n', ''), 'kind is required'],
  ])('says what was meant by %s', (_, text, words) => {
    expect(lines(`${text}      steps: [{ replicas: 1 }]\n`).join('\n')).toContain(words);
  });

  it('is found in the items of a list', () => {
    const text = `kind: List\napiVersion: v1\nitems:\n  - apiVersion: rollouts.kruise.io/v1beta1\n    kind: Rollout\n    metadata: { name: owl }\n    spec: {}\n`;
    expect(lines(text)[0]).toBe('owl.yaml:7:5: spec.workloadRef: WorkloadRef is required');
  });
});

describe('a file that is no good', () => {
  it.each<[string, string, RegExp]>([
    ['a bracket that does not close', `${head}      steps: [{ replicas: 1 }\n`, /^owl.yaml:\d+:\d+: /],
    ['a key twice', 'a: 1\na: 2\n', /^owl.yaml:2:1: Map keys must be unique$/],
    ['a tab', 'a:\n\tb: 1\n', /^owl.yaml:2:1: Tabs are not allowed/],
    ['more than 1 MiB', '#'.repeat(1024 * 1024 + 1), /at most 1048576 are read/],
    ['nesting without end', '['.repeat(50_000), /^owl.yaml:1:\d+: .*nested too deep/],
    ['an alias to itself', 'a: &a { b: *a }', /refer to themselves/],
    ['aliases that multiply', bomb(), /aliases .* nested too deep/],
  ])('is told of %s in one line', (_, text, line) => {
    const told = lines(text);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(line);
  });

  it('is nothing when it is empty', () => {
    expect(parseFile('', 'owl.yaml')).toEqual([]);
    expect(parseFile('---\n# only words\n---\n', 'owl.yaml')).toEqual([]);
  });
});

function bomb(): string {
  const rows = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 9; level++)
    rows.push(
      `a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    );
  return `${rows.join('\n')}\n`;
}
