/** The objects of one application: Deployment, Service, nginx Ingress and Rollout, by the plan that the peers were given. */

export type App = { readonly namespace: string; readonly name: string };

const image = (version: number) => `cilium/echoserver:1.10.${version}`;

export function deployment({ namespace, name }: App, replicas: number) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name, labels: { app: name } },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [
            {
              name: 'echoserver',
              image: image(0),
              ports: [{ containerPort: 8080 }],
              env: [{ name: 'PORT', value: '8080' }],
            },
          ],
        },
      },
    },
  };
}

export function service({ namespace, name }: App) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name, labels: { app: name } },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }] },
  };
}

export function ingress({ namespace, name }: App) {
  const backend = { service: { name, port: { number: 80 } } };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { namespace, name, annotations: { 'kubernetes.io/ingress.class': 'nginx' } },
    spec: {
      rules: [{ host: `${name}.example.com`, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
    },
  };
}

export function rollout({ namespace, name }: App, weights: readonly number[]) {
  return {
    apiVersion: 'rollouts.kruise.io/v1beta1',
    kind: 'Rollout',
    metadata: { namespace, name },
    spec: {
      workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      strategy: {
        canary: {
          enableExtraWorkloadForCanary: true,
          steps: weights.map((weight) => ({ traffic: `${weight}%`, replicas: `${weight}%`, pause: {} })),
          trafficRoutings: [{ service: name, ingress: { classType: 'nginx', name } }],
        },
      },
    },
  };
}

/** What `kubectl set image` sends. */
export function imagePatch(version: number) {
  return { spec: { template: { spec: { containers: [{ name: 'echoserver', image: image(version) }] } } } };
}

/** What `kubectl-kruise rollout approve` sends. */
export const approval = { status: { canaryStatus: { currentStepState: 'StepReady' } } };

const collections = {
  Namespace: '/api/v1/namespaces',
  Deployment: '/apis/apps/v1/namespaces/NS/deployments',
  Service: '/api/v1/namespaces/NS/services',
  Ingress: '/apis/networking.k8s.io/v1/namespaces/NS/ingresses',
  Rollout: '/apis/rollouts.kruise.io/v1beta1/namespaces/NS/rollouts',
} as const;

/** Path of a collection, or of one object in it. */
export function path(kind: keyof typeof collections, { namespace, name }: Partial<App>): string {
  return collections[kind].replace('NS', namespace ?? '') + (name === undefined ? '' : `/${name}`);
}
