import type { z } from 'zod';
import { didYouMean, suggest } from '../util/suggest.js';
import type { Path } from './readYaml.js';
import { keysAt, pathsOfKey } from './schemaAt.js';

type Issue = z.core.$ZodIssue;

/** One thing wrong with a config: where, and what. */
export interface Problem {
  path: Path;
  message: string;
}

const quote = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));

function shown(value: unknown): string {
  if (typeof value === 'string') return `the text ${quote(value)}`;
  const text = quote(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

const typeNames: Record<string, string> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
};
const typeName = (expected: string): string =>
  typeNames[expected] ?? (['object', 'record'].includes(expected) ? 'keys with values' : expected);

function unknownKey(schema: z.core.$ZodType, config: unknown, path: Path, key: string): string {
  const known = keysAt(schema, config, path);
  if (suggest(key, known) !== undefined) return `unknown key${didYouMean(key, known)}`;
  const own = [...path, key].join('.');
  const elsewhere = pathsOfKey(schema, key).filter((candidate) => candidate !== own);
  // The key stands where it belongs, but to another kind of the part: schedule.milestones with name: cosine.
  if (pathsOfKey(schema, key).includes(own)) return `unknown key for the "name" given; known: ${known.join(', ')}`;
  if (elsewhere.length > 0) return `unknown key; did you mean "${elsewhere.slice(0, 2).join('" or "')}"?`;
  return `unknown key; known: ${known.join(', ')}`;
}

/** `>= 1`, `< 100`, and for lists and texts the number of items or characters. */
function bound(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, limit: unknown, sign: '<' | '>'): string {
  const relation = issue.exact === true ? 'exactly' : `${sign}${issue.inclusive === false ? '' : '='}`;
  const unit = { array: ' items', string: ' characters' }[issue.origin as string] ?? '';
  const got = Array.isArray(issue.input) || typeof issue.input === 'string' ? `${issue.input.length}` : quote(issue.input);
  return `must be ${relation} ${limit}${unit}, got ${got}`;
}

function expectation(issue: Issue): string {
  if (issue.code === 'invalid_type') return typeName(issue.expected);
  if (issue.code === 'invalid_value') return issue.values.map(quote).join(' or ');
  return issue.message;
}

function oneOf(values: readonly unknown[], got: unknown): string {
  const names = values.map(String);
  const hint = typeof got === 'string' ? didYouMean(got, names) : '';
  return `expected ${values.length > 1 ? 'one of ' : ''}${names.join(', ')}, got ${quote(got)}${hint}`;
}

/** zod's issue in our words: "temprature: unknown key; did you mean ...?", "expected a number, got the text "abc"". */
export function explainIssue(schema: z.core.$ZodType, config: unknown, issue: Issue): Problem[] {
  const path = issue.path as Path;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(schema, config, path, key) }));
    case 'invalid_type':
      if (issue.input === undefined) return [{ path, message: `missing; expected ${typeName(issue.expected)}` }];
      if (issue.input === null)
        return [{ path, message: `cannot be null; expected ${typeName(issue.expected)}, or leave the key out for its default` }];
      return [{ path, message: `expected ${typeName(issue.expected)}, got ${shown(issue.input)}` }];
    case 'invalid_value':
      return [{ path, message: oneOf(issue.values, issue.input) }];
    case 'too_small':
      return [{ path, message: bound(issue, issue.minimum, '>') }];
    case 'too_big':
      return [{ path, message: bound(issue, issue.maximum, '<') }];
    case 'invalid_union': {
      if (issue.discriminator !== undefined && 'options' in issue) {
        const holder = issue.input as Record<string, unknown> | undefined;
        return [{ path, message: oneOf((issue.options as unknown[]).filter(Boolean), holder?.[issue.discriminator]) }];
      }
      const expected = [...new Set(issue.errors.map(([first]) => (first === undefined ? '' : expectation(first))))].filter(Boolean);
      return [{ path, message: `expected ${expected.join(' or ')}, got ${shown(issue.input)}` }];
    }
    default:
      return [{ path, message: issue.message }];
  }
}
