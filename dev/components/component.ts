import type { KubeApi } from '../cluster/api.ts';
import type { Command } from '../processes.ts';
import type { StackOptions } from '../state.ts';
import type { ComponentName, Stack } from '../types.ts';

/** What components may know while the stack comes up. */
export interface Context {
  readonly stack: Stack;
  readonly options: StackOptions;
  /** The API server as admin; usable once `kube-apiserver` is ready. */
  readonly api: () => KubeApi;
  /** Pid of a component that was started before this one. */
  readonly pidOf: (name: ComponentName) => number;
}

/** One process of the stack. */
export interface Component {
  readonly name: ComponentName;
  /** Components that must answer before this one is started. */
  readonly needs: readonly ComponentName[];
  /** Restarted when one of these was: what has lost its server may take half a minute to look for it again. */
  readonly follows?: readonly ComponentName[];
  /** Runs inside of the network namespace. */
  readonly inside?: boolean;
  /** Part of the data plane. */
  readonly dataPlane?: boolean;
  /** Idempotent work of every `up`, before a start if there is one: files to write, objects to apply. */
  readonly prepare?: (context: Context) => Promise<void>;
  /** Work before a start of the process, and only then; comes before `prepare`. */
  readonly beforeStart?: (context: Context) => Promise<void>;
  readonly command: (context: Context) => Command;
  /** One look: undefined when it answers, else what was seen. */
  readonly look: (context: Context) => Promise<string | undefined>;
  /** How long a start may take on a busy machine. */
  readonly startDeadlineMs: number;
}
