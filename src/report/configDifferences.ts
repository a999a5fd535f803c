import { canonicalJson } from '../util/hash.js';

/** One key in which configs differ: `loss.temperature`, with the value of each config as JSON, `–` where the key is absent. */
export interface ConfigDifference {
  key: string;
  values: string[];
}

/** The keys in which several configs differ, in the order of their first appearance; lists are compared as wholes. */
export function configDifferences(configs: readonly unknown[]): ConfigDifference[] {
  const flat = configs.map((config) => new Map(leaves(config, '')));
  const keys = new Set(flat.flatMap((values) => [...values.keys()]));
  return [...keys]
    .map((key) => ({ key, values: flat.map((values) => values.get(key) ?? '–') }))
    .filter(({ values }) => values.some((value) => value !== values[0]));
}

function leaves(value: unknown, key: string): [string, string][] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [[key, canonicalJson(value) ?? '–']];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, key === '' ? name : `${key}.${name}`));
}
