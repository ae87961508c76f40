import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KubeConnection } from '../../activities/kube/connection.ts';
import { install } from '../../deploy/install.ts';
import { manifests, nameOf, pathOf } from '../../deploy/manifests.ts';
import { uninstall } from '../../deploy/uninstall.ts';
import { down, type Stack, up } from '../../dev/stack.ts';
import { rolloutCrd } from '../../spec/schema/crd.ts';
import { refusal, until } from './cluster.ts';

// Removal would take the ground from under the other tests: this one has an API server of its own.
const name = `install-${process.pid}`;
let stack: Stack;
let admin: KubeConnection;
let kubeconfig: string;

beforeAll(async () => {
  stack = await up({ name, dataPlane: false, temporal: 'memory', log: () => {} });
  kubeconfig = stack.kubernetes.kubeconfigs.admin;
  admin = KubeConnection.fromFile(kubeconfig);
}, 240_000);

afterAll(async () => {
  await admin?.close();
  await down({ name, log: () => {} });
}, 60_000);

const crd = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/rollouts.rollouts.kruise.io';
const rollouts = '/apis/rollouts.kruise.io/v1beta1/namespaces/default/rollouts';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const merge = { contentType: 'application/merge-patch+json' };

async function installed(force = false): Promise<string[]> {
  const lines: string[] = [];
  await install({ kubeconfig, force, log: (line) => void lines.push(line) });
  return lines;
}

async function uninstalled(force = false): Promise<string[]> {
  const lines: string[] = [];
  await uninstall({ kubeconfig, force, log: (line) => void lines.push(line) });
  return lines;
}

async function application(app: string): Promise<void> {
  const labels = { app };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'owl:1' }] } };
  await admin.call('POST', deployments, {
    body: { metadata: { name: app }, spec: { replicas: 1, selector: { matchLabels: labels }, template } },
  });
  const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: app };
  const spec = { workloadRef, strategy: { canary: { enableExtraWorkloadForCanary: true, steps: [{ replicas: 1 }] } } };
  const metadata = { name: app, finalizers: ['rollouts.kruise.io/rollout'] };
  await admin.call('POST', rollouts, {
    body: { apiVersion: 'rollouts.kruise.io/v1beta1', kind: 'Rollout', metadata, spec },
  });
}

async function setImage(app: string, image: string): Promise<{ spec: { paused?: boolean } }> {
  const body = { spec: { template: { spec: { containers: [{ name: 'main', image }] } } } };
  return admin.call('PATCH', `${deployments}/${app}`, { ...merge, body });
}

describe('sluice install', () => {
  it('refuses a cluster that OpenKruise Rollouts drives, unless it is told to take over', async () => {
    const [first] = rolloutCrd.spec.versions;
    const webhook = { conversionReviewVersions: ['v1beta1'], clientConfig: { url: 'https://127.0.0.1:1/convert' } };
    const versions = [{ ...first, storage: true }];
    const body = {
      ...rolloutCrd,
      spec: { ...rolloutCrd.spec, versions, conversion: { strategy: 'Webhook', webhook } },
    };
    await admin.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body });
    await expect(installed()).rejects.toThrow(/two controllers must not drive the same Rollouts; .* --force/);
    expect(await installed(true)).toContain('customresourcedefinition/rollouts.rollouts.kruise.io configured');
    expect(await admin.call('GET', crd)).toMatchObject({ spec: { conversion: { strategy: 'None' } } });
    await uninstalled();
  });

  it('names each object, and is done when Deployments are held', async () => {
    expect(await installed()).toEqual([
      ...manifests().map((manifest) => `${nameOf(manifest)} created`),
      'served: Rollouts are accepted, and Deployments they name are held',
    ]);
    await application('owl');
    await until(async () => (await setImage('owl', `owl:${Date.now()}`)).spec.paused === true);
    expect(await admin.call('GET', '/apis/apps/v1/namespaces/sluice-system/deployments')).toMatchObject({ items: [] });
  });

  it('changes nothing the second time, also when two run at once', async () => {
    const unchanged = [
      ...manifests().map((manifest) => `${nameOf(manifest)} unchanged`),
      expect.stringContaining('served'),
    ];
    expect(await Promise.all([installed(), installed()])).toEqual([unchanged, unchanged]);
  });

  it('puts right what somebody changed', async () => {
    const role = manifests().find(({ kind }) => kind === 'ClusterRole');
    if (role === undefined) throw new Error('no ClusterRole');
    await admin.call('PATCH', pathOf(role), { ...merge, body: { rules: [] } });
    const lines = await installed();
    expect(lines.filter((line) => line.endsWith('configured'))).toEqual(['clusterrole/sluice-worker configured']);
    expect(await admin.call('GET', pathOf(role))).toMatchObject({ rules: role.rules });
  });

  it('says in a sentence what is in the way', async () => {
    const worker = stack.kubernetes.kubeconfigs.worker;
    expect(await refusal(install({ kubeconfig: worker, log: () => {} }))).toMatch(
      /^not allowed to read namespace\/sluice-system; use a kubeconfig with the rights of a cluster administrator/,
    );
    expect(await refusal(install({ kubeconfig: '/nowhere', log: () => {} }))).toMatch(/^the kubeconfig cannot be read/);
    await withServer(async (file) => {
      expect(await refusal(install({ kubeconfig: file, log: () => {} }))).toMatch(
        /^this cluster does not serve MutatingAdmissionPolicy, .* needs Kubernetes 1.36, or 1.34 with/,
      );
    });
    const nobody = config('http://127.0.0.1:1');
    expect(await refusal(install({ kubeconfig: nobody, log: () => {} }))).toMatch(
      /^no answer from the API server http:\/\/127.0.0.1:1 .*; check the server in your kubeconfig/,
    );
  });
});

describe('sluice uninstall', () => {
  it('is the only way to remove the CRD: without it the policies would refuse the update of every Deployment', async () => {
    expect(await refusal(admin.call('DELETE', crd))).toContain('run `sluice uninstall`');
  });

  it('refuses while a release is under way, and names it', async () => {
    await expect(uninstalled()).rejects.toThrow(/a release is under way: deployment default\/owl \(held\); .* --force/);
    await admin.call('PATCH', `${rollouts}/owl/status`, { ...merge, body: { status: { phase: 'Progressing' } } });
    await expect(uninstalled()).rejects.toThrow('rollout default/owl (Progressing)');
    expect(await admin.call('GET', crd)).toBeDefined();
  });

  it('removes everything when it is told to, and says what stays paused', async () => {
    const lines = await uninstalled(true);
    const owl = await admin.call<{ metadata: { annotations: object }; spec: object }>('GET', `${deployments}/owl`);
    expect(Object.keys(owl.metadata.annotations).filter((key) => /kruise|sluice/.test(key))).toEqual([]);
    expect(owl.spec).toMatchObject({ paused: true });
    expect(lines).toContain('deployment/owl stays paused: kubectl rollout resume deployment/owl -n default');
    for (const manifest of manifests().filter(({ kind }) => kind !== 'Namespace')) {
      expect(lines).toContain(`${nameOf(manifest)} deleted`);
      expect(await refusal(admin.call('GET', pathOf(manifest)))).toContain('404');
    }
    await admin.call('PATCH', `${deployments}/owl`, { ...merge, body: { spec: { paused: false } } });
    expect((await setImage('owl', 'owl:free')).spec.paused).toBeUndefined();
  });

  it('has nothing to do the second time', async () => {
    expect((await uninstalled()).filter((line) => !line.startsWith('namespace/'))).toEqual(
      manifests()
        .reverse()
        .filter(({ kind }) => kind !== 'Namespace')
        .map((manifest) => `${nameOf(manifest)} not found`),
    );
  });
});

function config(server: string): string {
  const file = join(tmpdir(), `sluice-install-${process.pid}.kubeconfig`);
  writeFileSync(
    file,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      users: [{ name: 'u', user: {} }],
      'current-context': 'c',
    }),
  );
  return file;
}

/** An API server as far as its discovery goes, without MutatingAdmissionPolicy. */
async function withServer(use: (kubeconfig: string) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    const versioned = request.url?.endsWith('/v1') === true;
    response.end(
      JSON.stringify(
        versioned ? { resources: [{ name: 'validatingadmissionpolicies' }] } : { versions: [{ version: 'v1' }] },
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const file = config(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    await use(file);
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(file, { force: true });
  }
}
