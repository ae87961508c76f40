import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DevError } from './errors.ts';

/** Folder of server binaries, shared by all checkouts and stacks. */
export function binaryCacheDir(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sluice', 'bin');
}

/** Folder that holds one folder per stack. */
export function stateBaseDir(): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'sluice');
}

/** Name of the stack meant when none is given. */
export function defaultStackName(): string {
  return process.env.SLUICE_STACK || 'dev';
}

/** State folder of a stack. Refuses names that are no plain folder name, and paths too long for unix sockets. */
export function stackDir(name: string): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$/.test(name)) {
    throw new DevError(`"${name}" is no stack name: use up to 30 lower-case letters, digits and dashes.`);
  }
  const dir = join(stateBaseDir(), name);
  // sockaddr_un holds 107 bytes, and our longest socket is <dir>/run/envoy-admin.sock.
  if (Buffer.byteLength(dir) > 85) {
    throw new DevError(
      `The state folder ${dir} has too long a path for unix sockets: set XDG_STATE_HOME to a shorter folder.`,
    );
  }
  return dir;
}

/** Path of a script beside the caller's module: `.ts` from source, `.js` when built. */
export function scriptPath(relative: string, importMetaUrl: string): string {
  const extension = importMetaUrl.endsWith('.ts') ? '.ts' : '.js';
  return fileURLToPath(new URL(relative + extension, importMetaUrl));
}
