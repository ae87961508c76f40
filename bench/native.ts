/** The bare native rolling update that a release is compared with: the same Deployment, with no Rollout over it. */
import type { KubeConnection } from '../activities/kube/connection.ts';
import { Reflector } from '../activities/kube/reflector.ts';
import { Unfinished } from './follow.ts';
import { type App, imagePatch, path } from './objects.ts';
import { now } from './stats.ts';

/** ms from the change of the template until what `kubectl rollout status` waits for, as a watch sees it. */
export async function nativeUpdate(api: KubeConnection, app: App, version: number, deadline: number): Promise<number> {
  const copy = new Reflector(api, 'deployments', app.namespace).start();
  try {
    const signal = AbortSignal.timeout(deadline);
    await copy.until(() => true, signal);
    const from = now();
    const written = await api.call<{ metadata: { generation: number } }>('PATCH', path('Deployment', app), {
      query: { fieldManager: 'kubectl-set' },
      contentType: 'application/strategic-merge-patch+json',
      body: imagePatch(version),
    });
    const rolled = () => {
      const object = copy.get(app.namespace, app.name);
      if (object === undefined) return false;
      const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = object.status ?? {};
      const wanted = object.spec.replicas ?? 1;
      return (
        observedGeneration >= written.metadata.generation &&
        updatedReplicas === wanted &&
        replicas === updatedReplicas &&
        availableReplicas === updatedReplicas
      );
    };
    await copy.until(rolled, signal).catch(() => {
      throw new Unfinished(`the native update of ${app.name} did not finish in ${deadline / 1000} s`);
    });
    return now() - from;
  } finally {
    await copy.close();
  }
}
