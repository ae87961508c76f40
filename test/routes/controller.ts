/** A Gateway controller as far as a route's status shows it: it says what a test wants it to say. */
import type { Cluster } from '../support/cluster.ts';

export type PlayedController = {
  /** Reports on the route as it is now: Accepted, and ResolvedRefs with this status. */
  readonly says: (resolved: 'True' | 'False', reason?: string, message?: string) => Promise<void>;
  /** Reports so on every version of the route until stopped. */
  readonly keepsSaying: (
    resolved: 'True' | 'False',
    reason?: string,
    message?: string,
  ) => { readonly stop: () => void; readonly ended: Promise<void> };
};

export function playController({ kube, namespace }: Cluster, name: string): PlayedController {
  async function says(resolved: string, reason = 'ResolvedRefs', message = ''): Promise<void> {
    const route = await kube.get('httproutes', namespace, name);
    if (route === undefined) return;
    const condition = (type: string, status: string, why: string) => ({
      type,
      status,
      reason: why,
      message,
      observedGeneration: route.metadata.generation,
      lastTransitionTime: new Date().toISOString(),
    });
    const conditions = [condition('Accepted', 'True', 'Accepted'), condition('ResolvedRefs', resolved, reason)];
    const parents = [{ parentRef: { name: 'nobody' }, controllerName: 'example.com/played', conditions }];
    await kube.patch('httproutes', namespace, name, { status: { parents } }, { subresource: 'status' });
  }
  return {
    says,
    keepsSaying(resolved, reason, message) {
      let running = true;
      const ended = (async () => {
        for (let last = -1; running; await new Promise((resolve) => setTimeout(resolve, 20))) {
          const route = await kube.get('httproutes', namespace, name);
          if (route?.metadata.generation === last) continue;
          last = route?.metadata.generation ?? -1;
          await says(resolved, reason, message);
        }
      })();
      const stop = () => {
        running = false;
      };
      return { stop, ended };
    },
  };
}
