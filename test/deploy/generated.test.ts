import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { generatedFiles } from '../../deploy/generate.ts';
import { install } from '../../deploy/install.ts';
import { manifests } from '../../deploy/manifests.ts';
import { rolloutCrd } from '../../spec/schema/crd.ts';

const folder = new URL('../../deploy/crds/', import.meta.url);

describe('deploy/crds', () => {
  it('is what deploy/generate.ts writes today', () => {
    expect(readdirSync(folder).sort()).toEqual([...generatedFiles().keys()].sort());
    for (const [name, text] of generatedFiles()) expect(readFileSync(new URL(name, folder), 'utf8')).toBe(text);
  });

  it('holds the definition as it is in spec/', () => {
    expect(parse(readFileSync(new URL('rollouts.kruise.io_rollouts.yaml', folder), 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(rolloutCrd)),
    );
  });

  it('describes every field', () => {
    const missing: string[] = [];
    const visit = (schema: { description?: string; properties?: object; items?: object }, path: string): void => {
      if (schema.description === undefined) missing.push(path);
      for (const [key, inner] of Object.entries(schema.properties ?? {})) visit(inner, `${path}.${key}`);
      if (schema.items !== undefined) visit(schema.items, `${path}[]`);
    };
    const { spec, status } = rolloutCrd.spec.versions[0]?.schema.openAPIV3Schema.properties ?? {};
    visit(spec ?? {}, 'spec');
    visit(status ?? {}, 'status');
    expect(missing).toEqual([]);
  });

  it('fits a client-side kubectl apply, which copies it into an annotation', () => {
    expect(JSON.stringify(rolloutCrd).length).toBeLessThan(262_144);
  });
});

describe('sluice install --dry-run', () => {
  it('prints every manifest, without a cluster', async () => {
    const lines: string[] = [];
    await install({ dryRun: true, kubeconfig: '/nowhere', log: (line) => void lines.push(line) });
    for (const { kind, metadata } of manifests())
      expect(lines.join('\n')).toMatch(new RegExp(`kind: ${kind}\\nmetadata:\\n  name: ${metadata.name}\\n`));
  });

  it('puts first what others need', () => {
    const kinds = manifests().map(({ kind }) => kind);
    expect(kinds[0]).toBe('Namespace');
    expect(kinds.indexOf('CustomResourceDefinition')).toBeLessThan(kinds.indexOf('MutatingAdmissionPolicy'));
  });

  it('can be written for older versions of the policy', () => {
    const versions = manifests('v1beta1')
      .filter(({ kind }) => kind.startsWith('Mutating'))
      .map(({ apiVersion }) => apiVersion);
    expect(versions).toEqual(['admissionregistration.k8s.io/v1beta1', 'admissionregistration.k8s.io/v1beta1']);
  });
});
