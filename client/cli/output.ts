/** -o json and -o yaml. */
import { createRequire } from 'node:module';

export const formats = ['json', 'yaml'] as const;
export type Format = (typeof formats)[number];

/** A value as a document, with a newline at the end. */
export function structured(value: unknown, format: Format): string {
  if (format === 'json') return `${JSON.stringify(value, null, 2)}\n`;
  // Only here: reading in the YAML library takes 20 ms that no other command should pay.
  const { stringify } = createRequire(import.meta.url)('yaml') as typeof import('yaml');
  return stringify(JSON.parse(JSON.stringify(value)), { lineWidth: 0 });
}
