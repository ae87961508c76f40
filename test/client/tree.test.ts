import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { widthOf } from '../../client/cli/text.ts';
import { nothing } from '../../client/cli/tree/objects.ts';
import { renderTree } from '../../client/cli/tree/tree.ts';
import type { SluiceError } from '../../client/errors.ts';
import type { Sighting } from '../../client/index.ts';
import type { ReleaseView } from '../../domain/view.ts';
import { cluster, deployment } from './support/objects.ts';
import { waiting } from './support/views.ts';

const now = Date.parse('2026-11-21T04:03:12Z');
const plain = { color: false, width: 120 };
const name = { namespace: 'default', name: 'echoserver' };

function seen(change: Partial<ReleaseView> = {}, summary: Partial<Sighting['summary']> = {}): Sighting {
  const { workflowId, runId, startedAt } = waiting;
  const target = { cluster: 'default', ...name };
  return {
    summary: { target, workflowId, runId, status: 'Running', taskQueue: 'sluice', startedAt, ...summary },
    view: { ...waiting, ...change },
  };
}

const render = (sighting: Sighting | undefined, objects = cluster(), style = plain) =>
  renderTree({ ...name, objects, ...(sighting && { seen: sighting }) }, now, style);

describe('the tree', () => {
  it('shows a release that waits for an approval, down to its pods and weights', () => {
    const decisions = [
      {
        at: '2026-11-21T04:00:00Z',
        what: 'started',
        by: 'alice',
        via: 'cli',
        reason: 'tuesday',
        step: 1,
        revision: 'bbb',
      },
    ] as const;
    expect(render(seen({ decisions, replicas: 2 }))).toBe(
      `
Name:         echoserver
Namespace:    default
Status:       ‖ Waits for approval
Message:      Rollout is in step(1/4), and you need manually confirm to enter the next step
Waits for:    approval of step 1
Since:        04:01:00Z (2m12s)
Next:         step 2: 2 new pods, then 40 % of requests go to the new version
Images:       cilium/echoserver:1.10.2 (stable)
              cilium/echoserver:1.10.3 (canary)
Replicas:     2 wanted; canary: 1 desired, 1 updated, 1 ready
Traffic:      5 % of requests to the new version
Step:         1/4 (StepPaused)
  ‖  1  5 %             1 pod          until approved
  ·  2  40 %            1 pod (40%)    for 10m
  ·  3  80 % + 1 match  2 pods (80%)
  ·  4  100 %           2 pods (100%)  then the new version takes over

NAME                             KIND        STATUS                AGE    INFO
⟳ echoserver                     Rollout     ‖ Waits for approval  1h3m
├─ ⧉ echoserver                  Deployment  2/2 ready             1h3m   stable, held, 1 older scaled down
│  └─ # echoserver-aaa           ReplicaSet  ✔ 2                   1h3m   cilium/echoserver:1.10.2
│     ├─ □ echoserver-aaa-1      Pod         ✔ Running             2m42s  ready:1/1
│     └─ □ echoserver-aaa-2      Pod         ✔ Running             2m42s  ready:1/1
├─ ⧉ echoserver-dqz              Deployment  1/1 ready             1h3m   canary
│  └─ # echoserver-dqz-bbb       ReplicaSet  ✔ 1                   1h3m   cilium/echoserver:1.10.3
│     └─ □ echoserver-dqz-bbb-1  Pod         ✔ Running             2m42s  ready:1/1
├─ ⇄ echoserver                  Service                           1h3m   pod-template-hash=aaa,app=echoserver
├─ ⇄ echoserver-canary           Service                           1h3m   pod-template-hash=bbb,app=echoserver
└─ ⇢ echoserver                  HTTPRoute                         1h3m   echoserver 95, echoserver-canary 5

DECISIONS
  04:00:00Z  started by alice (cli): tuesday`.trimStart(),
    );
  });

  it('says which pod is broken and why, and until when that is not called failing', () => {
    const awaited = {
      kind: 'pods',
      what: '1 new pod ready (now 0)',
      since: '2026-11-21T04:00:30Z',
      next: '5 % of requests go to the new version',
      by: '2026-11-21T04:10:30Z',
    } as const;
    const text = render(seen({ stepState: 'StepUpgrade', traffic: 0, awaited }), cluster(true));
    expect(text).toContain('By:           04:10:30Z (in 7m18s), else it is reported as failing');
    expect(text).toContain('Replicas:     5 wanted; canary: 1 desired, 1 updated, 0 ready');
    expect(text).toContain('Traffic:      0 % of requests to the new version (step 1 asks for 5 %)');
    expect(text).toContain('✖ ImagePullBackOff  2m42s  ready:0/1 Back-off pulling image "cilium/echose…');
    expect(text).toMatch(/# echoserver-dqz-bbb +ReplicaSet +✖ 1 /);
    expect(text).toContain('  ▸  1  5 % ');
  });

  it('counts down to the end of a timed pause', () => {
    const awaited = {
      kind: 'timer',
      what: 'the pause of step 2',
      since: '2026-11-21T04:01:00Z',
      next: 'step 3',
      by: '2026-11-21T04:11:00Z',
    } as const;
    const text = render(seen({ step: 2, awaited }));
    expect(text).toContain('Status:       ‖ Paused by its plan');
    expect(text).toContain('By:           04:11:00Z (in 7m48s)\n');
    expect(text).toContain('  ✔  1  5 % ');
    expect(text).toContain('  ‖  2  40 % ');
  });

  it('shows what keeps failing', () => {
    expect(render(seen({}, { retrying: '"route" failed 3 times and is tried again: no such Ingress' }))).toContain(
      'Trouble:      "route" failed 3 times',
    );
  });

  it('tells how an ended release ended, and nothing it would wait for', () => {
    const result = {
      outcome: 'RolledBack',
      message: 'taken back',
      stableRevision: 'aaa',
      canaryRevision: 'bbb',
      decisions: [],
    } as const;
    const ended = { status: 'Completed', endedAt: '2026-11-21T04:02:12Z', result } as const;
    const text = render(seen({ outcome: 'RolledBack' }, ended));
    expect(text).toContain('Status:       ↩ Rolled back, 1m ago\nMessage:      taken back\nImages:');
    expect(text).not.toMatch(/Waits for|Traffic:|stable, held/);
  });

  it('shows an idle Rollout', () => {
    const rollout = { metadata: { name: 'echoserver' }, status: { phase: 'Healthy', message: 'fine' } };
    const text = render(undefined, { ...nothing, rollout, workload: deployment('echoserver', 2, 2) });
    expect(text).toBe(
      `
Name:         echoserver
Namespace:    default
Status:       ✔ Healthy
Message:      fine
Images:       cilium/echoserver:1.10.2

NAME             KIND        STATUS     AGE   INFO
⟳ echoserver     Rollout     Healthy
└─ ⧉ echoserver  Deployment  2/2 ready  1h3m`.trimStart(),
    );
  });

  it('warns of a workload that is held while nobody releases it', () => {
    const held = deployment('echoserver', 2, 2, { paused: true });
    const workload = {
      ...held,
      metadata: { ...held.metadata, annotations: { 'rollouts.kruise.io/in-progressing': '{}' } },
    };
    const text = render(undefined, { ...nothing, rollout: { metadata: { name: 'echoserver' } }, workload });
    expect(text).toContain('Status:       ⚠ Held');
    expect(text).toContain('Is a worker\n              running (sluice worker)?');
  });

  it('shows the release alone where the cluster cannot be read, and says so', () => {
    const text = render(seen(), {
      ...nothing,
      problems: ['pods is forbidden: User "eve" cannot list resource "pods"'],
    });
    expect(text).toContain('Waits for:    approval of step 1');
    expect(text).toContain('! Not shown: pods is forbidden');
    expect(text).not.toContain('KIND');
  });

  it('shows the cluster and what Temporal knows where no worker answers', () => {
    const { view: _, summary } = seen();
    const trouble = { message: 'no worker answered' } as SluiceError;
    const text = render({ summary: { ...summary, startedBy: 'bob' }, trouble });
    expect(text).toContain('Status:       ? No worker answers');
    expect(text).toContain('Started:      04:00:00Z (3m12s ago) by bob');
    expect(text).toContain('! no worker answered');
    expect(text).toMatch(/□ echoserver-aaa-1/);
  });

  it('keeps what others wrote from moving the cursor', () => {
    const text = render(seen({ message: '\u001b[2Jgone\u0007', images: { stable: ['a'], canary: ['b\u009b31m'] } }));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  it('is never wider than the terminal, in colour or not, whatever it has to say', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.constantFrom('发布正在等待批准。'.repeat(20), 'a'.repeat(300)),
    );
    fc.assert(
      fc.property(fc.integer({ min: 40, max: 160 }), fc.boolean(), text, text, (width, color, message, what) => {
        const sighting = seen({
          message,
          awaited: { ...waiting.awaited, what },
          decisions: [{ at: waiting.startedAt, what, by: message, via: 'api', step: 1, revision: 'bbb' }],
        });
        const lines = render(sighting, { ...cluster(true), problems: [message] }, { color, width }).split('\n');
        // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes take no room.
        for (const line of lines) expect(widthOf(line.replace(/\u001b\[\d+m/g, ''))).toBeLessThanOrEqual(width);
      }),
      { numRuns: 60 },
    );
  });
});
