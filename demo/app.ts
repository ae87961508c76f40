/** The application of the demo, and the plan by which it is released. */

export const host = 'echoserver.example.com';
export const rolloutName = 'rollouts-demo';

/** Five pods that take a moment to become ready, as real ones do. */
export function deployment(version: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: echoserver
  labels: { app: echoserver }
spec:
  replicas: 5
  selector: { matchLabels: { app: echoserver } }
  template:
    metadata:
      labels: { app: echoserver }
      annotations: { sluice.dev/ready-after: 800ms }
    spec:
      containers:
        - name: echoserver
          image: cilium/echoserver:${version}
          ports: [{ containerPort: 8080 }]
`;
}

export const service = `apiVersion: v1
kind: Service
metadata: { name: echoserver, labels: { app: echoserver } }
spec:
  ports: [{ name: http, port: 80, targetPort: 8080 }]
  selector: { app: echoserver }
`;

export const ingress = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: echoserver }
spec:
  ingressClassName: nginx
  rules:
    - host: ${host}
      http:
        paths: [{ path: /, pathType: Prefix, backend: { service: { name: echoserver, port: { number: 80 } } } }]
`;

export function httpRoute(gateway: { namespace: string; name: string }): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: echoserver }
spec:
  parentRefs: [{ namespace: ${gateway.namespace}, name: ${gateway.name} }]
  hostnames: [${host}]
  rules: [{ backendRefs: [{ name: echoserver, port: 80 }] }]
`;
}

/** The steps of the plan, as the demo checks them: percent of requests, and pods of five. */
export const steps = [
  { weight: 5, pods: 1 },
  { weight: 40, pods: 2 },
  { weight: 80, pods: 4 },
] as const;

export function rollout(route: string): string {
  return `apiVersion: rollouts.kruise.io/v1alpha1
kind: Rollout
metadata:
  name: ${rolloutName}
spec:
  objectRef:
    workloadRef: { apiVersion: apps/v1, kind: Deployment, name: echoserver }
  strategy:
    canary:
      steps:
        - { weight: 5, replicas: 1, pause: {} }
        - { weight: 40, pause: {} }
        - { weight: 80, pause: {} }
      # The last batch needs no configuration.
      trafficRoutings:
        - service: echoserver
          ${route}
`;
}
