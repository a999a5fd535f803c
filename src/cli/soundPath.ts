import { dirname, join } from 'node:path';
import type { StoredClip } from '../data/storeFiles.js';
import { isTableName } from '../data/tableName.js';

/**
 * Where a clip can be heard: where it was when its features were made, or below `data` where that is given beside a store because the
 * recordings lie elsewhere now.
 */
export function soundPath(
  { id, path }: Pick<StoredClip, 'id' | 'path'>,
  { data, features }: { data?: string | undefined; features?: string | undefined },
): string {
  if (data === undefined || features === undefined) return path;
  return join(isTableName(data) ? dirname(data) : data, ...id.split('/'));
}
