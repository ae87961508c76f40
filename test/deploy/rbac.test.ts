import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from './cluster.ts';

const cluster = new Cluster('rbac');

beforeAll(async () => void (await cluster.open()));
afterAll(() => cluster.close());

async function may(verb: string, group: string, resource: string, subresource = ''): Promise<boolean> {
  const body = { spec: { resourceAttributes: { namespace: cluster.namespace, verb, group, resource, subresource } } };
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const { status } = await cluster.worker.call<{ status: { allowed: boolean } }>('POST', path, { body });
  return status.allowed;
}

const all = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];

describe('the user sluice-worker', () => {
  it.each<[string, string, readonly string[]]>([
    ['rollouts.kruise.io', 'rollouts', ['get', 'list', 'watch', 'update', 'patch']],
    ['rollouts.kruise.io', 'rollouts/status', ['get', 'update', 'patch']],
    ['rollouts.kruise.io', 'rollouts/finalizers', ['update']],
    ['apps', 'deployments', all],
    ['apps', 'replicasets', ['get', 'list', 'watch']],
    ['', 'pods', ['get', 'list', 'watch', 'patch']],
    ['discovery.k8s.io', 'endpointslices', ['get', 'list', 'watch']],
    ['', 'services', all],
    ['networking.k8s.io', 'ingresses', all],
    ['gateway.networking.k8s.io', 'httproutes', ['get', 'list', 'watch', 'update', 'patch']],
    ['', 'events', ['create', 'patch']],
  ])('may do to %s %s what a release needs', async (group, resource, verbs) => {
    const [name = '', sub] = resource.split('/');
    for (const verb of verbs) expect([verb, await may(verb, group, name, sub)]).toEqual([verb, true]);
  });

  it.each<[string, string, readonly string[]]>([
    ['', 'secrets', ['get', 'list', 'watch', 'create']],
    ['', 'configmaps', ['get', 'list', 'create']],
    ['', 'pods', ['create', 'delete', 'update']],
    ['', 'pods/exec', ['create']],
    ['', 'namespaces', ['create', 'delete']],
    ['rollouts.kruise.io', 'rollouts', ['create', 'delete']],
    ['apps', 'deployments', ['deletecollection']],
    ['apps', 'replicasets', ['create', 'patch', 'delete']],
    ['apps', 'statefulsets', ['get', 'patch']],
    ['gateway.networking.k8s.io', 'httproutes', ['create', 'delete']],
    ['admissionregistration.k8s.io', 'mutatingadmissionpolicies', ['get', 'create', 'patch']],
    ['rbac.authorization.k8s.io', 'clusterroles', ['get', 'create', 'bind', 'escalate']],
    ['', 'serviceaccounts', ['impersonate', 'create']],
  ])('may not touch %s %s beyond that', async (group, resource, verbs) => {
    const [name = '', sub] = resource.split('/');
    for (const verb of verbs) expect([verb, await may(verb, group, name, sub)]).toEqual([verb, false]);
  });
});
