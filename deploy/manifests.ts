import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

/** One object to be installed, as it stands in its file. */
export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
};

/** The order of installation: what others refer to comes first. Removal goes the other way. */
const folders = ['rbac', 'crds', 'admission'] as const;

/** Path of the collection of a kind below `/api…`, without the name. */
const collections: Readonly<Record<string, string>> = {
  Namespace: 'namespaces',
  ServiceAccount: 'serviceaccounts',
  CustomResourceDefinition: 'customresourcedefinitions',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  MutatingAdmissionPolicy: 'mutatingadmissionpolicies',
  MutatingAdmissionPolicyBinding: 'mutatingadmissionpolicybindings',
  ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
  ValidatingAdmissionPolicyBinding: 'validatingadmissionpolicybindings',
};

/** All objects of an installation, in order. `mutatingVersion` is the version in which the cluster serves MutatingAdmissionPolicy. */
export function manifests(mutatingVersion = 'v1'): Manifest[] {
  // From dist/ the YAML files are still where they are in the source.
  const root = [new URL('./', import.meta.url), new URL('../../deploy/', import.meta.url)].find((url) =>
    existsSync(new URL('crds/', url)),
  );
  if (root === undefined) throw new Error('the manifests of Sluice are missing: install the package again');
  return folders.flatMap((folder) => {
    const directory = new URL(`${folder}/`, root);
    const files = readdirSync(directory)
      .filter((file) => file.endsWith('.yaml'))
      .sort();
    return files.flatMap((file) => read(new URL(file, directory), mutatingVersion));
  });
}

function read(file: URL, mutatingVersion: string): Manifest[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => {
    const manifest = document.toJS() as Manifest;
    if (!manifest.kind.startsWith('MutatingAdmissionPolicy')) return manifest;
    return { ...manifest, apiVersion: `admissionregistration.k8s.io/${mutatingVersion}` };
  });
}

/** Path of an object at the API server. */
export function pathOf(manifest: Manifest): string {
  const collection = collections[manifest.kind];
  if (collection === undefined) throw new Error(`no path is known for the kind ${manifest.kind}`);
  const base = manifest.apiVersion.includes('/') ? `/apis/${manifest.apiVersion}` : `/api/${manifest.apiVersion}`;
  const { namespace, name } = manifest.metadata;
  return `${base}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${collection}/${name}`;
}

/** `customresourcedefinition/rollouts.rollouts.kruise.io`: how an object is called in the output. */
export function nameOf({ kind, metadata }: Manifest): string {
  return `${kind.toLowerCase()}/${metadata.name}`;
}
