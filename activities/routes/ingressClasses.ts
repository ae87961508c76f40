/** Which annotations make an Ingress a canary of another, by ingress class: a class of this sort is one line here. */
import type { RouteMatch } from '../../domain/plan.ts';
import type { Split } from './provider.ts';

/** The annotation keys of one ingress controller. */
export type IngressClass = {
  /** Set on every canary Ingress. */
  readonly always: Readonly<Record<string, string>>;
  readonly weight: string;
  readonly header: string;
  readonly headerValue: string;
  readonly headerPattern: string;
  readonly cookie: string;
  /** Keys with this prefix on a canary Ingress are the user's, copied, or ours: others are taken off it. */
  readonly prefix: string;
};

const nginx = canaryKeys('nginx.ingress.kubernetes.io/');

/** By `ingress.classType`. */
export const ingressClasses: Readonly<Record<string, IngressClass>> = { nginx, higress: nginx };

/** Under the matches' header of this name, the value names a cookie. */
const cookieHeader = 'canary-by-cookie';

function canaryKeys(prefix: string, always: Readonly<Record<string, string>> = {}): IngressClass {
  return {
    always: { [`${prefix}canary`]: 'true', ...always },
    weight: `${prefix}canary-weight`,
    header: `${prefix}canary-by-header`,
    headerValue: `${prefix}canary-by-header-value`,
    headerPattern: `${prefix}canary-by-header-pattern`,
    cookie: `${prefix}canary-by-cookie`,
    prefix,
  };
}

/**
 * The annotations with which the controller sends requests as `split` says. As in OpenKruise: of each match its first
 * header counts, of several headers the last, a cookie may stand beside it, and traffic beside both (the controller looks
 * at the header, then the cookie, then the weight). Unlike there, a value never stands beside another match's pattern.
 */
export function canaryAnnotations(keys: IngressClass, { traffic, matches = [] }: Split): Record<string, string> {
  const annotations: Record<string, string> = { ...keys.always };
  if (traffic !== undefined || matches.length === 0) annotations[keys.weight] = String(traffic ?? 0);
  const firsts = matches.flatMap(({ headers = [] }) => headers.slice(0, 1));
  const cookie = firsts.findLast(({ name }) => name === cookieHeader);
  const header = firsts.findLast(({ name }) => name !== cookieHeader);
  if (cookie !== undefined) annotations[keys.cookie] = cookie.value;
  if (header !== undefined) {
    annotations[keys.header] = header.name;
    annotations[header.type === 'RegularExpression' ? keys.headerPattern : keys.headerValue] = header.value;
  }
  return annotations;
}

/**
 * What of a match such annotations cannot say, in words; undefined when all of it is kept. OpenKruise drops these
 * conditions in silence: requests nobody asked for would go to the new version, or none at all.
 */
export function inexpressible({ path, headers = [], queryParams = [] }: RouteMatch): string | undefined {
  if (path !== undefined) return `the path ${path.value}`;
  if (queryParams.length > 0) return `the query parameter ${queryParams[0]?.name}`;
  if (headers.length > 1) return `a second header (${headers[1]?.name}) in one match`;
  if (headers.length === 0) return 'a match without a header';
  return undefined;
}

/** True if a canary Ingress may carry this annotation of the user's Ingress: all but what makes it a canary. */
export function isCopied(keys: IngressClass, key: string): boolean {
  return key !== `${keys.prefix}canary` && !key.startsWith(`${keys.prefix}canary-`);
}
