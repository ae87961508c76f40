/** The application of the documents: a Deployment, a Service, and an Ingress or an HTTPRoute before it. */

export type App = {
  readonly image?: string;
  readonly replicas?: number;
  readonly annotations?: Record<string, string>;
};

export function deployment({ image = 'cilium/echoserver:1.10.2', replicas = 5, annotations = {} }: App = {}): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: echoserver
  labels: { app: echoserver }
spec:
  replicas: ${replicas}
  selector:
    matchLabels: { app: echoserver }
  template:
    metadata:
      labels: { app: echoserver }
      annotations: ${JSON.stringify(annotations)}
    spec:
      containers:
        - name: echoserver
          image: ${image}
          ports:
            - containerPort: 8080
          env:
            - { name: PORT, value: '8080' }
`;
}

export const service = `
apiVersion: v1
kind: Service
metadata:
  name: echoserver
  labels: { app: echoserver }
spec:
  ports:
    - { name: http, port: 80, targetPort: 8080, protocol: TCP }
  selector: { app: echoserver }
`;

export const ingress = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: echoserver
  annotations: { kubernetes.io/ingress.class: nginx }
spec:
  rules:
    - host: echoserver.example.com
      http:
        paths:
          - backend: { service: { name: echoserver, port: { number: 80 } } }
            path: /apis/echo
            pathType: Exact
`;

/** An HTTPRoute on the embedded stack's Gateway. */
export function httpRoute(host: string): string {
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: echoserver
spec:
  parentRefs: [{ namespace: sluice-gateway, name: sluice }]
  hostnames: [${host}]
  rules:
    - backendRefs: [{ name: echoserver, port: 80 }]
`;
}

export type RolloutOptions = {
  readonly name?: string;
  readonly steps?: readonly unknown[];
  /** A line of YAML under trafficRoutings' element, beside the service. */
  readonly route?: string;
  readonly more?: string;
};

/** A Rollout as OpenKruise's users write it, in the older version's shape. */
export function rollout({ name = 'rollouts-demo', steps, route, more = '' }: RolloutOptions = {}): string {
  const plan = steps ?? [
    { weight: 5, pause: {}, replicas: 1 },
    { weight: 40, pause: {} },
    { weight: 80, pause: { duration: 1 } },
  ];
  return `
apiVersion: rollouts.kruise.io/v1alpha1
kind: Rollout
metadata:
  name: ${name}
spec:
  objectRef:
    workloadRef: { apiVersion: apps/v1, kind: Deployment, name: echoserver }
  strategy:
    canary:
      steps: ${JSON.stringify(plan)}
      ${route === undefined ? '' : `trafficRoutings: [{ service: echoserver, ${route} }]`}
      ${more}
`;
}

export const onIngress = 'type: nginx, ingress: { name: echoserver }';
export const onHttpRoute = 'gateway: { httpRouteName: echoserver }';

export function manifests(...documents: string[]): string {
  return documents.join('\n---\n');
}
