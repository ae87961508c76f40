/** Times and spans as people read them. Times are UTC, so that they mean the same in a chat between two offices. */
import { SluiceError } from '../errors.ts';

/** `42s`, `3m12s`, `5h2m`, `3d4h`: the two largest units. Never negative. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${rest(seconds % 60, 's')}`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${rest(Math.floor((seconds % 3600) / 60), 'm')}`;
  return `${Math.floor(seconds / 86_400)}d${rest(Math.floor((seconds % 86_400) / 3600), 'h')}`;
}

function rest(amount: number, unit: string): string {
  return amount === 0 ? '' : `${amount}${unit}`;
}

/** How old something of `time` (RFC 3339) is; `-` when that is not known. */
export function age(time: string | undefined, now: number): string {
  const at = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(at) ? '-' : span(now - at);
}

/** `04:12:09Z`, with the date in front when it is not today's (UTC). */
export function clock(time: string, now: number): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  const [date, hours] = at.toISOString().split('T') as [string, string];
  const today = new Date(now).toISOString().slice(0, 10) === date;
  return `${today ? '' : `${date} `}${hours.slice(0, 8)}Z`;
}

/** `in 4m10s`, or `42s ago`. */
export function away(time: string, now: number): string {
  const ms = Date.parse(time) - now;
  return ms >= 0 ? `in ${span(ms)}` : `${span(-ms)} ago`;
}

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `10m`, `1h30m`, `500ms`, or seconds without a unit, in ms. Throws `BadInput`. */
export function parseSpan(text: string): number {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) {
    throw new SluiceError('BadInput', `"${text}" is not a time span: write 90s, 10m or 1h30m.`);
  }
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g);
  return [...parts].reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit as string] ?? 0), 0);
}
