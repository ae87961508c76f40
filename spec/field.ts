import type { Problem, ProblemCode } from '../domain/problems.ts';
import { formatPath, type Path } from './path.ts';

const maxInt32 = 2_147_483_647;

/**
 * One place in an object of unknown shape: read it as the type it should have, or note a problem.
 * `null` counts as absent, as it does for the API server. Reading never throws.
 */
export class Field {
  readonly value: unknown;
  readonly path: Path;
  readonly #problems: Problem[];

  constructor(value: unknown, path: Path, problems: Problem[]) {
    this.value = value ?? undefined;
    this.path = path;
    this.#problems = problems;
  }

  get present(): boolean {
    return this.value !== undefined;
  }

  /** The field below; absent when this is no object (or list), without a problem: {@link record} reports that. */
  at(...keys: readonly (string | number)[]): Field {
    let value: unknown = this.value;
    for (const key of keys) {
      value =
        typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
    }
    return new Field(value, [...this.path, ...keys], this.#problems);
  }

  /** True when this is an object; absent is false without a problem. */
  record(): boolean {
    if (!this.present) return false;
    if (typeof this.value === 'object' && !Array.isArray(this.value)) return true;
    this.invalid(`must be an object, not ${describe(this.value)}`);
    return false;
  }

  /** {@link record} for the element of a list, where absent (`- `, null) is a problem too. */
  element(): boolean {
    if (!this.present) this.invalid('must be an object, not empty');
    return this.record();
  }

  /** The elements of a list; none when absent. */
  items(maximum: number): Field[] {
    if (!this.present) return [];
    if (!Array.isArray(this.value)) {
      this.invalid(`must be a list, not ${describe(this.value)}`);
      return [];
    }
    if (this.value.length > maximum) {
      this.invalid(`must have at most ${maximum} items, and has ${this.value.length}`);
      return [];
    }
    return this.value.map((_, index) => this.at(index));
  }

  string(): string | undefined {
    if (!this.present || typeof this.value === 'string') return this.value as string | undefined;
    this.invalid(`must be a string, not ${describe(this.value)}; put it in quotes`);
    return undefined;
  }

  boolean(): boolean | undefined {
    if (!this.present || typeof this.value === 'boolean') return this.value as boolean | undefined;
    this.invalid(`must be true or false, not ${describe(this.value)}`);
    return undefined;
  }

  /** A whole number that fits 32 bits; `expected` words the problem. */
  integer(expected: string, minimum: number, maximum: number = maxInt32): number | undefined {
    if (!this.present) return undefined;
    const value = this.value;
    if (typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum) return value;
    this.invalid(expected);
    return undefined;
  }

  /** A map from string to string, such as labels; empty when absent. */
  stringMap(): Record<string, string> {
    const result: Record<string, string> = {};
    if (!this.record()) return result;
    for (const key of Object.keys(this.value as object)) {
      const text = this.at(key).string();
      // defineProperty: a key named __proto__ must stay a key.
      if (text !== undefined) {
        Object.defineProperty(result, key, { value: text, enumerable: true, configurable: true, writable: true });
      }
    }
    return result;
  }

  invalid(message: string): void {
    this.#note('InvalidRollout', message);
  }

  unsupported(message: string): void {
    this.#note('Unsupported', message);
  }

  #note(code: ProblemCode, message: string): void {
    this.#problems.push(this.path.length === 0 ? { code, message } : { code, message, path: formatPath(this.path) });
  }
}

/** A value as a person would call it in "must be a list, not …". */
function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value) ?? typeof value;
  return `${typeof value} ${text.length > 40 ? `${text.slice(0, 40)}…` : text}`;
}
