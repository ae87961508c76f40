/** A small cluster: one workload, what a release makes beside it, and what its own controllers do in the meantime. */
import type { Plan } from '../../../domain/plan.ts';
import type { Version } from '../../../domain/release.ts';

type Pods = { pods: number; ready: number };

/** What a Rollout's routes send to the new version; `share` counts only without matches. */
export type Sent = { readonly share: number; readonly matches: boolean };

export const nothingSent: Sent = { share: 0, matches: false };

/** A version is known by its template, its ReplicaSet's hash and its image, here by one name for all of them. */
export const versionOf = (name: string): Version => ({ revision: name, podTemplateHash: name, images: [name] });

export class Cluster {
  replicas: number;
  template = 'v1';
  held = false;
  /** The version that waits beside the template while an earlier one is finished. */
  queued: string | undefined;
  /** Grows with every change of the workload that somebody asks for. */
  generation = 1;
  exists = true;
  /** Pods of the workload itself by version, oldest first. */
  readonly native: Map<string, Pods>;
  /** Pods of canary Deployments by version. */
  readonly canaries = new Map<string, { desired: number; ready: number }>();
  /** The version whose pods the stable Service is pinned to. */
  pin: string | undefined;
  /** The version whose pods the canary Service selects. */
  canaryService: string | undefined;
  /** Undefined when the routes are as their owner had them. */
  sent: Sent | undefined;
  /** Versions whose pods do not become ready. */
  readonly broken = new Set<string>();
  rollout = { there: true, paused: false, disabled: false, deleting: false, generation: 1, phase: 'Healthy' };
  status: { canaryStatus?: Record<string, unknown> } = {};
  plan: Plan;

  constructor(replicas: number, plan: Plan) {
    this.replicas = replicas;
    this.plan = plan;
    this.native = new Map([['v1', { pods: replicas, ready: replicas }]]);
  }

  /** Somebody changes the template: held by the admission policy from that very write on. */
  publish(version: string): void {
    if (!this.exists || this.template === version) return;
    this.template = version;
    this.generation += 1;
    const { there, deleting, disabled } = this.rollout;
    if (there && !deleting && !disabled && this.replicas > 0) this.held = true;
  }

  /** The workload's controller adds and removes pods also while it is held, of the version that has pods. */
  scale(replicas: number): void {
    this.replicas = replicas;
    this.generation += 1;
    const sets = [...this.native.values()];
    for (const set of sets.slice(1)) {
      set.pods = Math.min(set.pods, replicas);
      set.ready = Math.min(set.ready, set.pods);
    }
    const others = sets.slice(1).reduce((sum, set) => sum + set.pods, 0);
    const oldest = sets[0];
    if (oldest === undefined) return;
    oldest.pods = Math.max(0, replicas - others);
    oldest.ready = Math.min(oldest.ready, oldest.pods);
  }

  /** New pods of the canary Deployments become ready, as many as `most`. */
  canariesReady(most: number): boolean {
    let changed = false;
    for (const [version, canary] of this.canaries) {
      if (this.broken.has(version) || canary.ready >= canary.desired) continue;
      canary.ready = Math.min(canary.desired, canary.ready + most);
      changed = true;
    }
    return changed;
  }

  /** The native controller gets one pod further: one becomes ready or, unless held, is replaced by the template's version. */
  nativeStep(): boolean {
    if (!this.exists) return false;
    for (const [version, set] of this.native)
      if (set.ready < set.pods && !this.broken.has(version)) {
        set.ready += 1;
        return true;
      }
    if (this.held) return false;
    const all = [...this.native.values()];
    const total = all.reduce((sum, { pods }) => sum + pods, 0);
    const wanted = this.native.get(this.template) ?? { pods: 0, ready: 0 };
    if (wanted.pods < this.replicas && total <= this.replicas) {
      this.native.set(this.template, { ...wanted, pods: wanted.pods + 1 });
      return true;
    }
    const old = [...this.native].find(([version, set]) => version !== this.template && set.pods > 0);
    if (old === undefined) return false;
    const [version, set] = old;
    const ready = all.reduce((sum, each) => sum + each.ready, 0);
    // None is unavailable on the way: an old pod goes when as many others are ready as there are to be.
    if (set.ready === set.pods && ready - 1 < this.replicas) return false;
    const left = set.pods - 1;
    this.native.set(version, { pods: left, ready: Math.min(set.ready, left) });
    return true;
  }

  /** The native rolling update is through: every pod is of the template's version, and ready. */
  get rolled(): boolean {
    const sets = [...this.native].filter(([, set]) => set.pods > 0);
    const whole = this.native.get(this.template) ?? { pods: 0, ready: 0 };
    return sets.every(([version]) => version === this.template) && whole.ready >= this.replicas;
  }

  /** Do requests go to this version through the canary Service? */
  sendsTo(version: string): boolean {
    return this.sent !== undefined && (this.sent.share > 0 || this.sent.matches) && this.canaryService === version;
  }
}
