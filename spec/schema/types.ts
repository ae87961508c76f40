/** A structural schema of Kubernetes (apiextensions v1 JSONSchemaProps), as far as this room uses it. */
export type Schema = {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly description?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly 'x-kubernetes-int-or-string'?: true;
  readonly 'x-kubernetes-preserve-unknown-fields'?: true;
  readonly 'x-kubernetes-list-type'?: 'map' | 'set' | 'atomic';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly Rule[];
};

/** One CEL rule of a schema; `fieldPath` is relative to the schema that carries the rule. */
export type Rule = {
  readonly rule: string;
  readonly message: string;
  readonly reason?: 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueInvalid';
  readonly fieldPath?: string;
};

type Extra = Omit<Schema, 'type' | 'description' | 'properties' | 'items' | 'x-kubernetes-validations'>;

/** An object with these properties and rules. */
export function record(
  description: string,
  properties: Readonly<Record<string, Schema>>,
  rules: readonly Rule[] = [],
  extra: Extra = {},
): Schema {
  return { type: 'object', description, ...extra, properties, ...validations(rules) };
}

/** A list of at most `maxItems` elements: every list has a limit, for the cost of rules is estimated from it. */
export function list(description: string, maxItems: number, items: Schema, extra: Extra = {}): Schema {
  return { type: 'array', description, maxItems, ...extra, items };
}

/** A string of at most 253 characters, the length of a Kubernetes name, unless `extra` says otherwise. */
export function text(description: string, extra: Extra = {}): Schema {
  return { type: 'string', description, maxLength: 253, ...extra };
}

/** A 32-bit whole number. */
export function integer(description: string, rules: readonly Rule[] = []): Schema {
  return { type: 'integer', format: 'int32', description, ...validations(rules) };
}

/** True or false. */
export function flag(description: string, extra: Extra = {}): Schema {
  return { type: 'boolean', description, ...extra };
}

/** A pod count or a percentage. */
export function intOrString(description: string, rules: readonly Rule[] = []): Schema {
  return {
    description,
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    'x-kubernetes-int-or-string': true,
    ...validations(rules),
  };
}

/** Anything; kept as it was written. */
export function open(description: string): Schema {
  return { type: 'object', description, 'x-kubernetes-preserve-unknown-fields': true };
}

function validations(rules: readonly Rule[]): Pick<Schema, 'x-kubernetes-validations'> {
  return rules.length === 0 ? {} : { 'x-kubernetes-validations': rules };
}
