import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { rolloutCrd } from '../spec/schema/crd.ts';

const heading =
  '# Written by deploy/generate.ts from spec/schema/; run `node deploy/generate.ts` after a change there.\n';

/** The generated manifests: file name below deploy/crds/, and its text. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const text = stringify(rolloutCrd, { lineWidth: 120, aliasDuplicateObjects: false });
  return new Map([['rollouts.kruise.io_rollouts.yaml', heading + text]]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = new URL('./crds/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of generatedFiles()) writeFileSync(new URL(name, folder), text);
}
