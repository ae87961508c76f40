import type {
  HeaderModifier,
  HeaderValue,
  NamedMatch,
  PathMatchType,
  RouteMatch,
  StringMatchType,
} from '../domain/plan.ts';
import type { Field } from './field.ts';
import { maxMatches } from './keys.ts';

const stringTypes: readonly StringMatchType[] = ['Exact', 'RegularExpression'];
const pathTypes: readonly PathMatchType[] = ['Exact', 'PathPrefix', 'RegularExpression'];
const tokenPattern = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;
const pathPattern = /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$/;
const forbiddenInPath = ['//', '/./', '/../', '%2f', '%2F', '#'];

/** Reads a step's `matches`; undefined when there are none. The rules and defaults are those of the Gateway API. */
export function readMatches(list: Field): RouteMatch[] | undefined {
  const matches = list.items(maxMatches).map(readMatch);
  return matches.length === 0 ? undefined : matches;
}

function readMatch(field: Field): RouteMatch {
  field.record();
  const path = readPath(field.at('path'));
  const headers = readNamed(field.at('headers'), 4096);
  const queryParams = readNamed(field.at('queryParams'), 1024);
  if (path === undefined && headers.length === 0 && queryParams.length === 0 && isEmpty(field)) {
    field.invalid('a match needs headers, queryParams or path; an empty one would match every request');
  }
  return {
    ...(path !== undefined && { path }),
    ...(headers.length > 0 && { headers }),
    ...(queryParams.length > 0 && { queryParams }),
  };
}

function isEmpty(field: Field): boolean {
  return ['headers', 'queryParams'].every((key) => {
    const { value } = field.at(key);
    return value === undefined || (Array.isArray(value) && value.length === 0);
  });
}

function readPath(field: Field): RouteMatch['path'] {
  if (!field.record()) return undefined;
  const type = readType(field.at('type'), pathTypes, 'PathPrefix');
  const value = field.at('value').string() ?? '/';
  if (value.length > 1024) field.at('value').invalid('must not be longer than 1024 characters');
  else if (type !== 'RegularExpression') checkPath(field.at('value'), value);
  return { type, value };
}

function checkPath(field: Field, value: string): void {
  if (!value.startsWith('/')) {
    field.invalid("value must be an absolute path and start with '/' when type one of ['Exact', 'PathPrefix']");
    return;
  }
  const forbidden = forbiddenInPath.find((part) => value.includes(part));
  if (forbidden !== undefined) {
    field.invalid(`must not contain '${forbidden}' when type one of ['Exact', 'PathPrefix']`);
  } else if (value.endsWith('/..') || value.endsWith('/.')) {
    field.invalid("must not end with '/..' or '/.' when type one of ['Exact', 'PathPrefix']");
  } else if (!pathPattern.test(value)) {
    field.invalid(
      `must only contain valid characters (matching ${pathPattern.source}) for types ['Exact', 'PathPrefix']`,
    );
  }
}

function readNamed(list: Field, maxLength: number): NamedMatch[] {
  const named: NamedMatch[] = [];
  for (const field of list.items(maxMatches)) {
    const pair = readPair(field, maxLength);
    const type = readType(field.at('type'), stringTypes, 'Exact');
    if (pair !== undefined) named.push({ ...pair, type });
  }
  refuseRepeats(list, named);
  return named;
}

function readPair(field: Field, maxLength: number): HeaderValue | undefined {
  if (!field.element()) return undefined;
  const name = field.at('name').string();
  const value = field.at('value').string();
  if (name === undefined || !tokenPattern.test(name) || name.length > 256) {
    field.at('name').invalid('must be the name of an HTTP header or parameter, 1 to 256 characters');
    return undefined;
  }
  if (value === undefined || value === '' || value.length > maxLength) {
    field.at('value').invalid(`must be 1 to ${maxLength} characters`);
    return undefined;
  }
  return { name, value };
}

function refuseRepeats(list: Field, named: readonly HeaderValue[]): void {
  const seen = new Set<string>();
  named.forEach(({ name }, index) => {
    if (seen.has(name)) list.at(index).invalid(`"${name}" is listed twice`);
    seen.add(name);
  });
}

function readType<T extends string>(field: Field, types: readonly T[], fallback: T): T {
  const written = field.string();
  if (written === undefined) return fallback;
  const type = types.find((candidate) => candidate === written);
  if (type === undefined) field.invalid(`type must be one of ${types.join(', ')}`);
  return type ?? fallback;
}

/** Reads a step's `requestHeaderModifier`; undefined when it changes nothing. */
export function readHeaderModifier(field: Field): HeaderModifier | undefined {
  if (!field.record()) return undefined;
  const pairs = (key: 'set' | 'add'): HeaderValue[] => {
    const list = field.at(key);
    const values = list.items(maxMatches).map((item) => readPair(item, 4096));
    const found = values.filter((value) => value !== undefined);
    refuseRepeats(list, found);
    return found;
  };
  const [set, add] = [pairs('set'), pairs('add')];
  const remove = field
    .at('remove')
    .items(maxMatches)
    .map((item) => item.string())
    .filter((name) => name !== undefined);
  if (set.length + add.length + remove.length === 0) return undefined;
  return { ...(set.length > 0 && { set }), ...(add.length > 0 && { add }), ...(remove.length > 0 && { remove }) };
}
