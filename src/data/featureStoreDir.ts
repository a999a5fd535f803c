import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { sha256 } from '../util/hash.js';
import { isTableName } from './tableName.js';

/**
 * Where the features of the recordings in `data` stand for a run in `out`: beside the run, in `features/<name of the folder>-<hash of its
 * path and the front end>`, where other runs find them again and another folder of the same name does not. A table in place of the folder
 * counts with what it says: lists are corrected and come again under one name, and what was trained on the earlier one keeps its store.
 */
export function featureStoreDir({ data, out, frontEndHash }: { data: string; out: string; frontEndHash: string }): string {
  const dir = resolve(data);
  const table = isTableName(dir) && existsSync(dir) ? `\n${sha256(readFileSync(dir))}` : '';
  return join(dirname(out), 'features', `${basename(dir)}-${sha256(`${dir}\n${frontEndHash}${table}`).slice(0, 8)}`);
}
