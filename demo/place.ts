/** Where the demo runs: on the embedded stack, or on the cluster and Temporal that the environment names. */
import { execFile } from 'node:child_process';
import { find, type Stack, status, up } from '../dev/stack.ts';

export type Place = {
  readonly kubeconfig: string;
  /** Kubeconfig of the worker's own user, where there is one. */
  readonly workerKubeconfig: string;
  readonly kubectl: (args: readonly string[], input?: string) => Promise<string>;
  readonly temporal: {
    readonly address: string;
    readonly namespace: string;
    readonly ui?: string;
    readonly cli: string;
  };
  /** Absent on a cluster of one's own, and where no network namespace may be made: no packets are measured then. */
  readonly packets?: Stack;
  readonly whyNoPackets: string;
  readonly stack?: string;
  /** Was the stack there before the demo? Then it stays. */
  readonly found: boolean;
};

/** The place, up and answering. `say` gets a line per thing worth telling. */
export async function place(say: (line: string) => void): Promise<Place> {
  const { KUBECONFIG, TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE = 'default', SLUICE_STACK } = process.env;
  if (KUBECONFIG !== undefined && TEMPORAL_ADDRESS !== undefined && SLUICE_STACK === undefined) {
    say(`Using your own cluster (KUBECONFIG) and Temporal at ${TEMPORAL_ADDRESS}`);
    return {
      kubeconfig: KUBECONFIG,
      workerKubeconfig: KUBECONFIG,
      kubectl: kubectlWith('kubectl', KUBECONFIG),
      temporal: { address: TEMPORAL_ADDRESS, namespace: TEMPORAL_NAMESPACE, cli: 'temporal' },
      whyNoPackets: 'requests are measured on the embedded stack only',
      found: true,
    };
  }
  const name = SLUICE_STACK ?? 'demo';
  const found = find(name) !== undefined && (await status({ name })).state === 'up';
  const stack = await up({ name, log: say });
  const { kubeconfigs, kubectl } = stack.kubernetes;
  const temporal = stack.temporal;
  return {
    kubeconfig: kubeconfigs.admin,
    workerKubeconfig: kubeconfigs.worker,
    kubectl: kubectlWith(kubectl, kubeconfigs.admin),
    temporal: { address: temporal.address, namespace: temporal.namespace, ui: temporal.uiUrl, cli: temporal.cli },
    ...(stack.dataPlane.available ? { packets: stack } : {}),
    whyNoPackets: stack.dataPlane.available ? '' : stack.dataPlane.reason,
    stack: name,
    found,
  };
}

function kubectlWith(kubectl: string, kubeconfig: string): Place['kubectl'] {
  return (args, input) => run(kubectl, ['--kubeconfig', kubeconfig, ...args], input);
}

/** Runs a command to its end and returns what it printed; throws with what it complained of. */
export function run(
  command: string,
  args: readonly string[],
  input?: string,
  env?: NodeJS.ProcessEnv,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      [...args],
      { maxBuffer: 64e6, env: { ...process.env, ...env } },
      (error, stdout, stderr) =>
        error === null
          ? resolve(stdout)
          : reject(new Error(`${command} ${args.join(' ')}: ${stderr || error.message}`)),
    );
    child.stdin?.end(input);
  });
}
