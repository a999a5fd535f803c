import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { canonicalJson } from './hash.js';
import { parseJsonLines } from './jsonLines.js';

/** Whole lines of an earlier run with the same key, which the first line holds, else nothing. A line that a power cut ruined ends the list. */
export async function readJournal<Entry>(path: string, key: object): Promise<Entry[]> {
  if (!existsSync(path)) return [];
  const text = await readFile(path, 'utf8');
  let values: unknown[];
  try {
    ({ values } = parseJsonLines(text, path));
  } catch {
    return [];
  }
  const [head, ...entries] = values as [{ key?: unknown }?, ...Entry[]];
  return canonicalJson(head?.key) === canonicalJson(key) ? entries : [];
}

/** Bytes of a file that a journal tells of; 0 where it is not there. */
export async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
