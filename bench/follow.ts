/**
 * The user of the bench: changes a template, watches the Rollouts of a namespace, and approves every pause at once.
 * Times are those at which this process sent a request, or saw an event of its watch.
 */
import type { KubeConnection } from '../activities/kube/connection.ts';
import type { RolloutObject } from '../activities/kube/objects.ts';
import { Reflector } from '../activities/kube/reflector.ts';
import { type App, approval, imagePatch, path } from './objects.ts';
import { now } from './stats.ts';

type Status = {
  readonly phase?: string;
  readonly message?: string;
  readonly currentStepIndex?: number;
  readonly currentStepState?: string;
  readonly canaryStatus?: { readonly currentStepIndex?: number; readonly currentStepState?: string } | null;
};

/** One change of a Rollout's status, as the watch brought it. */
export type Sighting = {
  readonly at: number;
  readonly step: number;
  readonly state: string;
  readonly phase: string;
  readonly message: string;
};

/** One release as its user saw it. */
export type Ride = {
  readonly app: App;
  readonly version: number;
  readonly triggeredAt: number;
  /** When StepPaused of each step was seen, in order. */
  readonly pauses: readonly { readonly step: number; readonly at: number }[];
  /** When each approval was sent. */
  readonly approvals: readonly { readonly step: number; readonly at: number }[];
  readonly healthyAt: number;
  readonly sightings: readonly Sighting[];
};

type Riding = {
  ride: { -readonly [K in keyof Ride]: Ride[K] extends readonly (infer T)[] ? T[] : Ride[K] };
  begun: boolean;
  resolve: (ride: Ride) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
};

/** A release that did not get to its end in time. */
export class Unfinished extends Error {
  override readonly name = 'Unfinished';
}

export class Follower {
  readonly #connection: KubeConnection;
  readonly #copies: Reflector<'rollouts'>[];
  readonly #riding = new Map<string, Riding>();

  constructor(connection: KubeConnection, namespaces: readonly string[]) {
    this.#connection = connection;
    this.#copies = namespaces.map((namespace) => new Reflector(connection, 'rollouts', namespace).start());
    for (const copy of this.#copies)
      copy.onChange((object) => {
        if (object !== undefined) this.#seen(object);
      });
  }

  /** Resolves when every Rollout of these is idle and Healthy. */
  async settled(apps: readonly App[], deadline: number): Promise<void> {
    const idle = ({ namespace, name }: App) => {
      const status = this.#copies.find((copy) => copy.namespace === namespace)?.get(namespace, name)?.status as
        | Status
        | undefined;
      return status?.phase === 'Healthy';
    };
    const signal = AbortSignal.timeout(deadline);
    await Promise.all(
      this.#copies.map((copy) =>
        copy.until(() => apps.filter(({ namespace }) => namespace === copy.namespace).every(idle), signal),
      ),
    ).catch(() => {
      const missing = apps.filter((app) => !idle(app));
      throw new Unfinished(
        `${missing.length} of ${apps.length} new Rollouts did not become Healthy in ${deadline / 1000} s`,
      );
    });
  }

  /** Releases the version and resolves when the Rollout is Healthy again; rejects with what was seen last. */
  release(app: App, version: number, deadline: number): Promise<Ride> {
    return new Promise((resolve, reject) => {
      const key = `${app.namespace}/${app.name}`;
      const ride = {
        app,
        version,
        triggeredAt: now(),
        pauses: [],
        approvals: [],
        healthyAt: 0,
        sightings: [],
      } as Riding['ride'];
      const timer = setTimeout(() => {
        this.#riding.delete(key);
        const last = ride.sightings.at(-1);
        reject(
          new Unfinished(
            `${key} was not Healthy ${deadline / 1000} s after its template changed; last seen: ${last === undefined ? 'nothing' : JSON.stringify(last)}`,
          ),
        );
      }, deadline);
      const riding: Riding = { ride, begun: false, resolve, reject, timer };
      this.#riding.set(key, riding);
      this.#connection
        .call('PATCH', path('Deployment', app), {
          query: { fieldManager: 'kubectl-set' },
          contentType: 'application/strategic-merge-patch+json',
          body: imagePatch(version),
          timeout: 60_000,
        })
        .catch((error: Error) => this.#end(key, error));
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#copies.map((copy) => copy.close()));
  }

  #seen(object: RolloutObject): void {
    const app = { namespace: object.metadata.namespace ?? '', name: object.metadata.name };
    const key = `${app.namespace}/${app.name}`;
    const riding = this.#riding.get(key);
    if (riding === undefined) return;
    const { ride } = riding;
    const { phase = '', message = '', canaryStatus } = (object.status ?? {}) as Status;
    const sighting = {
      at: now(),
      step: canaryStatus?.currentStepIndex ?? 0,
      state: canaryStatus?.currentStepState ?? '',
      phase,
      message,
    };
    ride.sightings.push(sighting);
    if (phase === 'Progressing') riding.begun = true;
    if (riding.begun && phase === 'Healthy') {
      ride.healthyAt = sighting.at;
      this.#end(key);
      return;
    }
    const { step, state } = sighting;
    if (phase !== 'Progressing' || state !== 'StepPaused' || ride.pauses.some((pause) => pause.step === step)) return;
    ride.pauses.push({ step, at: sighting.at });
    ride.approvals.push({ step, at: now() });
    this.#connection
      .call('PATCH', `${path('Rollout', app)}/status`, {
        query: { fieldManager: 'kubectl-kruise' },
        contentType: 'application/merge-patch+json',
        body: approval,
        timeout: 60_000,
      })
      .catch((error: Error) => this.#end(key, error));
  }

  #end(key: string, error?: Error): void {
    const riding = this.#riding.get(key);
    if (riding === undefined) return;
    this.#riding.delete(key);
    clearTimeout(riding.timer);
    if (error === undefined) riding.resolve(riding.ride);
    else riding.reject(error);
  }
}

/** The waits of a user, in ms. */
export type Waits = {
  readonly toFirstPause: number;
  readonly toNextPause: readonly number[];
  readonly toHealthy: number;
};

export function waitsOf({ triggeredAt, pauses, approvals, healthyAt }: Ride): Waits {
  return {
    toFirstPause: (pauses[0]?.at ?? healthyAt) - triggeredAt,
    toNextPause: pauses.slice(1).map(({ at }, index) => at - (approvals[index]?.at ?? at)),
    toHealthy: healthyAt - (approvals.at(-1)?.at ?? triggeredAt),
  };
}

/** The parts of a release between its user's deeds: the last one ends when it is Healthy. */
export function partsOf(ride: Ride): { readonly name: string; readonly from: number; readonly to: number }[] {
  const starts = [ride.triggeredAt, ...ride.approvals.map(({ at }) => at)];
  return starts.map((from, index) => ({
    name: index === 0 ? 'start and step 1' : index === starts.length - 1 ? 'last step and end' : `step ${index + 1}`,
    from,
    to: starts[index + 1] ?? Number.POSITIVE_INFINITY,
  }));
}
