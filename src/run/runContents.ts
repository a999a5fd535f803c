import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { formatCsv, parseCsv, requireColumns } from '../util/csv.js';

/** contents.csv: id and content hash of the clips that a run trains and validates on, by which copies are known under any name. */
export function formatContents(clips: readonly { id: string; contentHash?: string }[]): string {
  return formatCsv(
    ['id', 'contentHash'],
    clips.map(({ id, contentHash }) => [id, contentHash]),
  );
}

/** Content hash of each clip by id; empty for a run that kept none. */
export async function readContents(path: string): Promise<Map<string, string>> {
  if (!existsSync(path)) return new Map();
  const table = parseCsv(await readFile(path, 'utf8'), path);
  requireColumns(table, ['id', 'contentHash'], path);
  return new Map(table.rows.flatMap(({ id, contentHash }) => (contentHash === '' ? [] : [[id, contentHash]])));
}
