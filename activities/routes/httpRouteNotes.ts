/** The notes on an HTTPRoute while it is divided: one annotation, in it one note for each release that shares the route. */
import type { HttpRoute } from '../kube/objects.ts';
import type { Note } from './httpRouteUndo.ts';
import { marks } from './marks.ts';

/** The note of the release of this stable Service; undefined when there is none, or none that can be read. */
export function noteOf(route: HttpRoute, stableService: string): Note | undefined {
  return notesIn(route)[stableService];
}

/** The annotation's next value with this note in it, or without one; null when none is left. */
export function notesWith(route: HttpRoute, stableService: string, note: Note | undefined): string | null {
  const { [stableService]: _, ...others } = notesIn(route);
  const notes = note === undefined ? others : { ...others, [stableService]: note };
  return Object.keys(notes).length === 0 ? null : JSON.stringify(notes);
}

function notesIn(route: HttpRoute): Record<string, Note> {
  const text = route.metadata.annotations?.[marks.originalRules];
  if (text === undefined) return {};
  try {
    return JSON.parse(text) as Record<string, Note>;
  } catch {
    // Somebody wrote into it. What is ours in the rules can still be told by the canary's name.
    return {};
  }
}
