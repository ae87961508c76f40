import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivate } from '../state.ts';
import { type Stack, type UserName, userNames } from '../types.ts';

/**
 * Kubernetes name and groups of each user. The servers are in system:masters: their rights are not what is tried out here.
 * The worker has no group on purpose: it may do exactly what `sluice install` grants. The pod stand-in may read.
 */
const identities: Readonly<Record<UserName, { readonly user: string; readonly groups: readonly string[] }>> = {
  admin: { user: 'admin', groups: ['system:masters'] },
  worker: { user: 'sluice-worker', groups: [] },
  alice: { user: 'alice', groups: ['system:masters'] },
  kcm: { user: 'system:kube-controller-manager', groups: ['system:masters'] },
  scheduler: { user: 'system:kube-scheduler', groups: ['system:masters'] },
  kwok: { user: 'kwok', groups: ['system:masters'] },
  contour: { user: 'contour', groups: ['system:masters'] },
  pods: { user: 'sluice-pods', groups: ['system:masters'] },
};

/** A fresh token for every user. */
export function makeTokens(): Record<UserName, string> {
  return Object.fromEntries(userNames.map((name) => [name, randomBytes(18).toString('hex')])) as Record<
    UserName,
    string
  >;
}

/** Where each user's kubeconfig is. */
export function kubeconfigPaths(dir: string): Record<UserName, string> {
  return Object.fromEntries(userNames.map((name) => [name, join(dir, `${name}.kubeconfig`)])) as Record<
    UserName,
    string
  >;
}

/** Files of the state folder that the servers read. */
export function credentialFiles(dir: string) {
  return {
    tokens: join(dir, 'tokens.csv'),
    serviceAccountPrivate: join(dir, 'service-account.key'),
    serviceAccountPublic: join(dir, 'service-account.pub'),
  };
}

/** Writes tokens, the service account key pair, and one kubeconfig per user. Keys that exist stay. */
export function writeCredentials(stack: Stack): void {
  const files = credentialFiles(stack.dir);
  const rows = userNames.map((name) => {
    const { user, groups } = identities[name];
    const fields = [stack.kubernetes.tokens[name], user, user];
    return [...fields, ...(groups.length > 0 ? [`"${groups.join(',')}"`] : [])].join(',');
  });
  writePrivate(files.tokens, `${rows.join('\n')}\n`);
  if (!existsSync(files.serviceAccountPrivate)) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'sec1', format: 'pem' },
    });
    writePrivate(files.serviceAccountPublic, publicKey);
    writePrivate(files.serviceAccountPrivate, privateKey);
  }
  for (const name of userNames) {
    writePrivate(stack.kubernetes.kubeconfigs[name], `${JSON.stringify(kubeconfig(stack, name), null, 2)}\n`);
  }
}

/** A kubeconfig as JSON, which is YAML as well. */
function kubeconfig({ name, kubernetes: { server, caFile, tokens } }: Stack, user: UserName): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: `sluice-${name}`, cluster: { server, 'certificate-authority': caFile } }],
    users: [{ name: user, user: { token: tokens[user] } }],
    contexts: [{ name: `sluice-${name}`, context: { cluster: `sluice-${name}`, user, namespace: 'default' } }],
    'current-context': `sluice-${name}`,
  };
}
