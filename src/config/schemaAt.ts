import { z } from 'zod';
import type { Path } from './readYaml.js';

/** The schema inside defaults, nulls, transforms: what the value itself must look like. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodPipe) return unwrap(schema.in);
  const isWrapper =
    schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodNullable || schema instanceof z.ZodOptional;
  return isWrapper ? unwrap(schema.unwrap()) : schema;
}

function valueAt(value: unknown, step: string | number): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[step] : undefined;
}

/** The object schemas that a value may follow: of a discriminated union the one of the value's kind, of other unions all. */
function objectsOf(schema: z.core.$ZodType, value: unknown): z.ZodObject[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) return [inner];
  if (!(inner instanceof z.ZodUnion)) return [];
  const objects = inner.options.flatMap((option) => objectsOf(option, value));
  const ofKind = objects.filter((object) => object.shape.name?.safeParse(valueAt(value, 'name')).success);
  return ofKind.length > 0 ? ofKind : objects;
}

/** The keys that `schema` knows at `path` of `value`; none where the value is no object there. */
export function keysAt(schema: z.core.$ZodType, value: unknown, path: Path): string[] {
  if (path.length === 0) return [...new Set(objectsOf(schema, value).flatMap((object) => Object.keys(object.shape)))];
  const [step, ...rest] = path;
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray) return keysAt(inner.element, valueAt(value, step), rest);
  const children = objectsOf(inner, value).flatMap((object) => object.shape[step] ?? []);
  return [...new Set(children.flatMap((child) => keysAt(child, valueAt(value, step), rest)))];
}

/** Every path of object keys in `schema` that ends with `key`: where a key that stands in the wrong place may belong. */
export function pathsOfKey(schema: z.core.$ZodType, key: string, above: readonly string[] = []): string[] {
  return objectsOf(schema, undefined).flatMap((object) =>
    Object.entries(object.shape).flatMap(([name, child]) => [
      ...(name === key ? [[...above, name].join('.')] : []),
      ...pathsOfKey(child, key, [...above, name]),
    ]),
  );
}
