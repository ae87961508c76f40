/** Requests divided in the rules of a Gateway API HTTPRoute, which is the user's own: what was there is noted on it. */
import type { Problem } from '../../domain/problems.ts';
import type { Kube } from '../kube/kube.ts';
import type { HttpRoute, HttpRouteRule } from '../kube/objects.ts';
import { Inexpressible } from './httpRouteMatches.ts';
import { noteOf, notesWith } from './httpRouteNotes.ts';
import type { Names } from './httpRouteShares.ts';
import { divide, mentions } from './httpRouteSplit.ts';
import { isWatched, verdictOf } from './httpRouteStatus.ts';
import { type Note, undo } from './httpRouteUndo.ts';
import { covers, marks, same } from './marks.ts';
import { despiteConflicts, untilMended } from './patience.ts';
import type { RouteContext, RouteProvider, Split } from './provider.ts';

export const httpRoute: RouteProvider = { check, ensure, drifted, restore };

type Place = Pick<RouteContext, 'kube' | 'namespace' | 'routing' | 'stableService'>;

async function check(context: Place, splits: readonly Split[] = []): Promise<Problem[]> {
  const { kube, namespace, stableService } = context;
  const name = nameIn(context);
  const route = await kube.read('httproutes', namespace, name);
  if (route === undefined) return [notFound(namespace, name)];
  const names = { namespace, stableService, canaryService: `${stableService}-canary` };
  const own = undo(route.spec.rules ?? [], names, noteOf(route, stableService));
  if (!mentions(own, stableService, namespace)) return [leadsElsewhere(namespace, name, stableService)];
  const problems: Problem[] = [];
  for (const [step, split] of splits.entries()) {
    const problem = divided(own, { ...names, route: name }, split).problem;
    if (problem !== undefined) problems.push({ ...problem, path: `spec.strategy.canary.steps[${step}]` });
  }
  const { refused, waiting } = verdictOf(route);
  const parents = route.status?.parents ?? [];
  const accepted = parents.some(({ conditions = [] }) =>
    conditions.some(({ type, status }) => type === 'Accepted' && status === 'True'),
  );
  if (waiting.length === 0 && refused.length > 0 && !accepted) problems.push(rejected(namespace, name, refused));
  return problems;
}

async function ensure(context: RouteContext, split: Split): Promise<void> {
  const { kube, namespace, stableService, canaryService } = context;
  // With one Service for both there is nothing to divide; OpenKruise's way back would even remove it from the route.
  if (canaryService === stableService) return;
  const name = nameIn(context);
  const names = { namespace, stableService, canaryService, route: name };
  let wrote: boolean;
  do {
    wrote = false;
    await untilMended(context, [{ kind: 'httproutes', name }], async (fresh) => {
      const route = await (fresh ? kube.get('httproutes', namespace, name) : kube.read('httproutes', namespace, name));
      const target = targetFor(route, names, split);
      if (route === undefined || 'problem' in target)
        return 'problem' in target ? target.problem : notFound(namespace, name);
      if (!target.change) return undefined;
      const written = await write(kube, route, stableService, target.rules, target.note);
      // The same version again: nothing was changed, though it ought to be, and writing on would change nothing either.
      if (written.metadata.resourceVersion === route.metadata.resourceVersion) return overruled(namespace, name);
      wrote = true;
      return undefined;
    });
    await accepted(context, name);
    // Once more around: the weight follows the canary's introduction, and whoever wrote in between is answered.
  } while (wrote);
}

async function drifted({ kube, namespace, stableService, canaryService, ...context }: RouteContext, split: Split) {
  if (canaryService === stableService) return false;
  const name = nameIn(context);
  const route = await kube.read('httproutes', namespace, name);
  const target = targetFor(route, { namespace, stableService, canaryService, route: name }, split);
  return 'problem' in target || target.change;
}

async function restore(context: RouteContext): Promise<void> {
  const { kube, namespace, stableService, canaryService } = context;
  if (canaryService === stableService) return;
  const name = nameIn(context);
  await withdraw(context, name);
  const there = await despiteConflicts(async () => {
    // Asked of the server: another worker may have divided it a moment ago.
    const route = await kube.get('httproutes', namespace, name);
    if (route === undefined) return false;
    const note = noteOf(route, stableService);
    const rules = route.spec.rules ?? [];
    const own = undo(rules, context, note);
    if (note !== undefined || !same(own, rules)) await write(kube, route, stableService, own, undefined);
    return true;
  });
  if (!there) return;
  // Not whether they like it, which is its owner's business, but that no request goes by the old rules any more.
  await settled(context, name, () => undefined);
}

/** Longest wait, in ms, for controllers to see a canary's withdrawal: one that has gone must not keep the route divided. */
const patience = 10_000;

/**
 * Requests leave the new version while the data plane still knows it: one that forgets the backend before it has the new
 * rules answers 503 for it.
 */
async function withdraw(context: RouteContext, name: string): Promise<void> {
  const { kube, namespace, stableService, canaryService } = context;
  const known = await despiteConflicts(async () => {
    const route = await kube.get('httproutes', namespace, name);
    if (route === undefined || !isWatched(route) || !mentions(route.spec.rules ?? [], canaryService, namespace))
      return false;
    const target = targetFor(route, { namespace, stableService, canaryService, route: name }, { traffic: 0 });
    if ('problem' in target) return false;
    if (target.change) await write(kube, route, stableService, target.rules, target.note);
    return true;
  });
  if (!known) return;
  const soon = AbortSignal.timeout(patience);
  try {
    await settled({ ...context, signal: AbortSignal.any([context.signal, soon]) }, name, () => undefined);
  } catch (error) {
    if (!soon.aborted || context.signal.aborted) throw error;
  }
}

/** Only what is a split's own: callers may pass a whole step. */
function bare({ traffic, matches, requestHeaderModifier }: Split): Split {
  return {
    ...(traffic === undefined ? {} : { traffic }),
    ...(matches === undefined ? {} : { matches }),
    ...(requestHeaderModifier === undefined ? {} : { requestHeaderModifier }),
  };
}

type Target =
  | { readonly change: boolean; readonly rules: readonly HttpRouteRule[]; readonly note: Note }
  | { readonly problem: Problem };

/** What the route should be next on the way to `split`. */
function targetFor(route: HttpRoute | undefined, names: Names & { route: string }, split: Split): Target {
  const { namespace, stableService, canaryService } = names;
  if (route === undefined) return { problem: notFound(namespace, names.route) };
  const rules = route.spec.rules ?? [];
  const note = noteOf(route, stableService);
  const own = undo(rules, names, note);
  if (!mentions(own, stableService, namespace))
    return { problem: leadsElsewhere(namespace, names.route, stableService) };
  // A data plane answers 503 for a backend it has just heard of, so that comes first with weight 0 and is confirmed.
  const introduce = isWatched(route) && !mentions(rules, canaryService, namespace);
  const next: Split = introduce ? { traffic: 0 } : bare(split);
  const wanted = divided(own, names, split);
  const made = divided(own, names, next);
  if (wanted.problem !== undefined) return { problem: wanted.problem };
  if (made.problem !== undefined) return { problem: made.problem };
  const after: Note = {
    split: next,
    rules: own.filter((rule) => mentions([rule], stableService, namespace)),
    refused: note?.refused ?? verdictOf(route).refused.map(({ key }) => key),
  };
  return { rules: made.rules, note: after, change: !covers(rules, made.rules) || !same(after, note) };
}

function divided(
  own: readonly HttpRouteRule[],
  names: Names & { route: string },
  split: Split,
): { rules: HttpRouteRule[]; problem?: Problem } {
  try {
    return { rules: divide(own, names, split) };
  } catch (error) {
    if ((error as Error).name !== Inexpressible.name) throw error;
    const message = `HTTPRoute ${names.namespace}/${names.route} cannot take this step: ${(error as Error).message}`;
    return { rules: [], problem: { code: 'RouteNotUsable', message } };
  }
}

/** Rules and note in one write, refused if anybody wrote since: arrays are replaced whole. */
async function write(
  kube: Kube,
  route: HttpRoute,
  stableService: string,
  rules: readonly HttpRouteRule[],
  note: Note | undefined,
): Promise<HttpRoute> {
  const { name, namespace = '', resourceVersion } = route.metadata;
  const change = {
    metadata: { annotations: { [marks.originalRules]: notesWith(route, stableService, note) } },
    spec: { rules },
  };
  return kube.patch('httproutes', namespace, name, change, { resourceVersion });
}

/** Resolves when every controller that reports on the route has accepted it as it is; says who has not, and why. */
async function accepted(context: RouteContext, name: string): Promise<void> {
  await settled(context, name, (route) => {
    const known = noteOf(route, context.stableService)?.refused ?? [];
    return verdictOf(route)
      .refused.filter(({ key }) => !known.includes(key))
      .map(({ message }) => message)
      .join('; ');
  });
}

async function settled(
  { kube, namespace, signal, report }: RouteContext,
  name: string,
  objection: (route: HttpRoute) => string | undefined,
): Promise<void> {
  const copy = kube.copy('httproutes', namespace);
  await copy.until(() => {
    const route = copy.get(namespace, name);
    if (route === undefined) return true;
    const { waiting } = verdictOf(route);
    const why = objection(route) || waiting.map((who) => `waiting for ${who} to take it in`).join('; ');
    if (why === '') return true;
    report(`HTTPRoute ${namespace}/${name}: ${why}`);
    return false;
  }, signal);
}

function nameIn({ routing }: Pick<RouteContext, 'routing'>): string {
  if (routing.gateway === undefined) throw new Error('this routing has no gateway');
  return routing.gateway.httpRouteName;
}

function notFound(namespace: string, name: string): Problem {
  return {
    code: 'RouteNotFound',
    message: `HTTPRoute ${namespace}/${name} is not there: create it, or correct trafficRoutings[].gateway.httpRouteName`,
  };
}

function leadsElsewhere(namespace: string, name: string, service: string): Problem {
  return {
    code: 'RouteNotUsable',
    message: `HTTPRoute ${namespace}/${name} has no rule that leads to Service ${service} in its own namespace: add one, or correct trafficRoutings[].service`,
  };
}

function overruled(namespace: string, name: string): Problem {
  return {
    code: 'RouteNotUsable',
    message: `HTTPRoute ${namespace}/${name} does not keep the rules that are written: look for an admission webhook or policy that changes them`,
  };
}

function rejected(namespace: string, name: string, refused: readonly { message: string }[]): Problem {
  const why = refused.map(({ message }) => message).join('; ');
  return { code: 'RouteRejected', message: `HTTPRoute ${namespace}/${name} serves no request now: ${why}` };
}
