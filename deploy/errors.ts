/** What ended an installation or removal: one sentence with the way out. */
export class InstallError extends Error {
  override readonly name = 'InstallError';
}

/** Words for an answer of the API server (or none), with what was tried: `"install rbac/…"`. */
export function explain(error: unknown, doing: string): InstallError {
  if ((error as Error)?.name === 'InstallError') return error as InstallError;
  const { status, message } = error as { status?: number; message: string };
  if (status === 0)
    return new InstallError(`${message.replace(/^\S+ \S+: /, '')}; check the server in your kubeconfig`);
  if (status === 401)
    return new InstallError('the API server does not know these credentials; log in again, or use another kubeconfig');
  if (status === 403) {
    return new InstallError(
      `not allowed to ${doing}; use a kubeconfig with the rights of a cluster administrator (${message})`,
    );
  }
  return new InstallError(`could not ${doing}: ${message}`);
}
