/** The search attributes by which releases are listed; without them a release could not even start. */
import type { Connection } from '@temporalio/client';
import { searchAttributes } from '../workflows/messages.ts';

/** Temporal's IndexedValueType. */
const KEYWORD = 2;
const INT = 3;

const types: Readonly<Record<string, number>> = {
  [searchAttributes.target]: KEYWORD,
  [searchAttributes.phase]: KEYWORD,
  [searchAttributes.revision]: KEYWORD,
  [searchAttributes.step]: INT,
};

/** Registers what is missing. Throws, with the way out, where this client may not register it. */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const there = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.keys(types).filter((name) => there.customAttributes?.[name] === undefined);
  if (missing.length === 0) return;
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, types[name] as number])),
    });
  } catch (error) {
    // Another worker may have been faster.
    const now = await connection.operatorService.listSearchAttributes({ namespace });
    if (missing.every((name) => now.customAttributes?.[name] !== undefined)) return;
    throw new Error(
      `Temporal namespace "${namespace}" lacks the search attributes ${missing.join(', ')}, and this worker may not register them (${(error as Error).message}): register them with "temporal operator search-attribute create"`,
    );
  }
}
