/** Views of a release as tests need them. */
import type { Plan } from '../../../domain/plan.ts';
import type { ReleaseView } from '../../../domain/view.ts';

export const plan: Plan = {
  workload: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'echoserver' },
  style: 'canary',
  steps: [
    { replicas: 1, traffic: 5, pause: { kind: 'approval' } },
    { replicas: '40%', traffic: 40, pause: { kind: 'timed', seconds: 600 } },
    {
      replicas: '80%',
      traffic: 80,
      matches: [{ headers: [{ name: 'user', value: 'beta', type: 'Exact' }] }],
      pause: { kind: 'timed', seconds: 0 },
    },
    { replicas: '100%', traffic: 100, pause: { kind: 'approval' } },
  ],
  routings: [{ service: 'echoserver', gateway: { httpRouteName: 'echoserver' } }],
  failureThreshold: 0,
  podMetadata: { labels: {}, annotations: {} },
  disableGenerateCanaryService: false,
  hash: 'h1',
};

/** A release that waits for the approval of its first step. */
export const waiting: ReleaseView = {
  cluster: 'default',
  namespace: 'default',
  name: 'echoserver',
  workflowId: 'rollout/default/default/echoserver',
  runId: 'run-1',
  startedAt: '2026-11-21T04:00:00Z',
  phase: 'Progressing',
  reason: 'InRolling',
  aborted: false,
  paused: false,
  failing: false,
  step: 1,
  steps: 4,
  stepState: 'StepPaused',
  message: 'Rollout is in step(1/4), and you need manually confirm to enter the next step',
  awaited: {
    kind: 'approval',
    what: 'approval of step 1',
    since: '2026-11-21T04:01:00Z',
    next: 'step 2: 2 new pods, then 40 % of requests go to the new version',
  },
  stableRevision: 'aaa',
  canaryRevision: 'bbb',
  podTemplateHash: '7dbf8796d5',
  images: { stable: ['cilium/echoserver:1.10.2'], canary: ['cilium/echoserver:1.10.3'] },
  replicas: 5,
  canary: { deployment: 'echoserver-dqz', desired: 1, updated: 1, ready: 1 },
  traffic: 5,
  plan,
  decisions: [],
};
