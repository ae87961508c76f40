/** `version`. */
import { readFileSync } from 'node:fs';
import type { Io } from '../io.ts';

/** The version in package.json, two folders up from source and three from what is built. */
export function packageVersion(): string {
  for (const path of ['../../../package.json', '../../../../package.json']) {
    try {
      const read = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (read.name === 'sluice' && read.version !== undefined) return read.version;
    } catch {
      // Built: one folder further up.
    }
  }
  return 'unknown';
}

/** Prints it. */
export function version(io: Io): void {
  io.out(`sluice ${packageVersion()} (Node ${process.versions.node})\n`);
}
