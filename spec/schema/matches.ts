import { maxMatches } from '../keys.ts';
import { list, type Rule, record, type Schema, text } from './types.ts';

const token = "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$";
const pathCharacters = "^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$";
const exactOrPrefix = "when type one of ['Exact', 'PathPrefix']";

function forPlainPaths(condition: string, message: string): Rule {
  return { rule: `(self.type in ['Exact','PathPrefix']) ? ${condition} : true`, message };
}

// The Gateway API's own rules and words for HTTPPathMatch.
const pathRules: readonly Rule[] = [
  forPlainPaths("self.value.startsWith('/')", `value must be an absolute path and start with '/' ${exactOrPrefix}`),
  ...['//', '/./', '/../', '%2f', '%2F', '#'].map((part) =>
    forPlainPaths(`!self.value.contains('${part}')`, `must not contain '${part}' ${exactOrPrefix}`),
  ),
  ...['/..', '/.'].map((part) =>
    forPlainPaths(`!self.value.endsWith('${part}')`, `must not end with '${part}' ${exactOrPrefix}`),
  ),
  forPlainPaths(
    `self.value.matches(r"""${pathCharacters}""")`,
    `must only contain valid characters (matching ${pathCharacters}) for types ['Exact', 'PathPrefix']`,
  ),
];

function namedMatches(description: string, maxLength: number): Schema {
  const item = record(
    'One condition.',
    {
      name: text('Name; the case of letters does not matter for headers.', {
        minLength: 1,
        maxLength: 256,
        pattern: token,
      }),
      type: text('How the value is compared.', { enum: ['Exact', 'RegularExpression'], default: 'Exact' }),
      value: text('The value, or a regular expression in the dialect of the gateway.', { minLength: 1, maxLength }),
    },
    [],
    { required: ['name', 'value'] },
  );
  return list(description, maxMatches, item, {
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
  });
}

/** `matches` of a step. */
export const matches: Schema = list(
  'Requests for the new version: those for which any one of these holds. Takes precedence over the share of traffic.',
  maxMatches,
  record('Conditions that must hold together.', {
    headers: namedMatches('Conditions on request headers; all must hold.', 4096),
    queryParams: namedMatches('Conditions on query parameters; all must hold. Needs a Gateway API route.', 1024),
    path: record(
      'Condition on the path. Needs a Gateway API route.',
      {
        type: text('How the path is compared.', {
          enum: ['Exact', 'PathPrefix', 'RegularExpression'],
          default: 'PathPrefix',
        }),
        value: text('The path.', { maxLength: 1024, default: '/' }),
      },
      pathRules,
    ),
  }),
);

function headerValues(description: string): Schema {
  const item = record(
    'A header and its value.',
    {
      name: text('Name of the header.', { minLength: 1, maxLength: 256, pattern: token }),
      value: text('Value of the header.', { minLength: 1, maxLength: 4096 }),
    },
    [],
    { required: ['name', 'value'] },
  );
  return list(description, maxMatches, item, {
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
  });
}

/** `requestHeaderModifier` of a step. */
export const requestHeaderModifier: Schema = record('Changes to the headers of requests for the new version.', {
  set: headerValues('Headers that replace those of the request.'),
  add: headerValues('Headers that are added to those of the request.'),
  remove: list('Headers that are taken out of the request.', maxMatches, text('Name of the header.'), {
    'x-kubernetes-list-type': 'set',
  }),
});
