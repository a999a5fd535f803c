import { UsageError } from '../util/errors.js';
import type { RankGroup } from './RankGroup.js';

/** Differences that are named; more only make the line long. */
const NAMED = 3;

/**
 * All ranks must have begun with the same facts, else what they compute together is nobody's. Throws UsageError on every rank, naming what
 * differs from rank 0's.
 */
export async function requireAgreement(who: string, group: RankGroup, facts: Record<string, unknown>): Promise<void> {
  const texts = await group.exchange(JSON.stringify(facts));
  for (const [rank, text] of texts.entries()) {
    const found = differences(JSON.parse(texts[0]), JSON.parse(text));
    if (found.length === 0) continue;
    const more = found.length > NAMED ? ` and ${found.length - NAMED} more` : '';
    const named = found.slice(0, NAMED).map(({ path, first, other }) => `${path} (rank 0: ${first}, rank ${rank}: ${other})`);
    throw new UsageError(
      `${who}: all ranks must have the same release, data, config and precision; they differ in ${named.join(', ')}${more}`,
    );
  }
}

function differences(first: unknown, other: unknown, path = ''): { path: string; first: string; other: string }[] {
  if (isObject(first) && isObject(other)) {
    const keys = [...new Set([...Object.keys(first), ...Object.keys(other)])];
    return keys.flatMap((key) => differences(first[key], other[key], path === '' ? key : `${path}.${key}`));
  }
  const [a, b] = [first, other].map((value) => JSON.stringify(value) ?? 'none');
  return a === b ? [] : [{ path, first: a.slice(0, 80), other: b.slice(0, 80) }];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
