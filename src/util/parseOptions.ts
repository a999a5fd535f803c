import type { z } from 'zod';
import { UsageError } from './errors.js';
import { didYouMean } from './suggest.js';

/**
 * The options of a public function, checked by their schema, with its defaults filled in.
 * Throws UsageError in one line for the first that is wrong: `setBackend: precision must be float32, bfloat16 or auto, got float16`.
 *
 * @param who the function, as its caller wrote it
 */
export function parseOptions<Schema extends z.ZodObject>(who: string, schema: Schema, given: unknown): z.output<Schema> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const known = Object.keys(schema.shape).join(', ');
    throw new UsageError(`${who}: options must be an object of ${known}, got ${shown(given)}`);
  }
  const parsed = schema.safeParse(given, { reportInput: true });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(schema.shape).filter((key) => key !== 'name');
    const [key] = issue.keys;
    throw new UsageError(`${who}: unknown option ${key}${didYouMean(key, known) || `; known: ${known.join(', ')}`}`);
  }
  throw new UsageError(`${who}: ${issue.path.join('.')} must be ${expected(issue)}, got ${shown(issue.input)}`);
}

function expected(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      return `>${issue.inclusive === false ? '' : '='} ${issue.minimum}`;
    case 'too_big':
      return `<${issue.inclusive === false ? '' : '='} ${issue.maximum}`;
    case 'invalid_value':
      return oneOf(issue.values.map(String));
    case 'invalid_type':
      return { int: 'a whole number', boolean: 'true or false', string: 'a text' }[issue.expected as string] ?? `a ${issue.expected}`;
    default:
      return issue.message;
  }
}

const oneOf = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names[names.length - 1]}`;

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'function') return 'a function';
  const text = typeof value === 'object' ? (JSON.stringify(value) ?? String(value)) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
