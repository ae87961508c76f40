/**
 * Something the person at the terminal can do something about. The message is one or two sentences: what is wrong with
 * what, and the way out. Shown without a stack trace.
 */
export class DevError extends Error {
  override readonly name = 'DevError';
}

/** The `code` of a Node error (`ENOENT` …), whatever realm it comes from: under jest `instanceof Error` is not reliable. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** The message of anything thrown. */
export function errorMessage(error: unknown): string {
  const message = (error as { message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' && message !== '' ? message : (errorCode(error) ?? String(error));
}
