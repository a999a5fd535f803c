import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parseCsv } from '../util/csv.js';
import { decodeUtf8 } from '../util/decodeUtf8.js';

/** What a folder of recordings says about where they come from, as Markdown. */
export async function describeDataLicences(dir: string): Promise<string[]> {
  const name = basename(resolve(dir));
  const table = join(dir, 'clips.csv');
  const clips = existsSync(table) ? parseCsv(decodeUtf8(await readFile(table), `csv: ${table}`), table) : undefined;
  const seconds = clips?.columns.includes('seconds') ? clips.rows.reduce((sum, row) => sum + Number(row.seconds), 0) : undefined;
  const size = clips && `${clips.rows.length} recordings${seconds === undefined ? '' : `, ${(seconds / 3600).toFixed(1)} hours`}`;
  const head = `Recordings of the folder \`${name}\`${size === undefined ? '' : `: ${size}`}.`;
  const licences = join(dir, 'licences');
  if (!existsSync(licences)) {
    const stated = (await readdir(dir)).filter((file) => /^(licen[cs]e|copying|source|readme)/i.test(file)).sort();
    const where = stated.map((file) => `\`${file}\``).join(', ');
    return [head, stated.length > 0 ? `Licences: see ${where} of that folder.` : 'The folder states no licence.'];
  }
  const counts = new Map<string, number>();
  for (const { package: source } of clips?.rows ?? []) if (source) counts.set(source, (counts.get(source) ?? 0) + 1);
  const rows: string[] = [];
  for (const file of (await readdir(licences)).sort()) {
    const source = file.replace(/\.copyright$/, '');
    if (counts.size > 0 && !counts.has(source)) continue;
    const names = licenceNames(await readFile(join(licences, file), 'utf8'));
    rows.push(`| ${source} | ${counts.get(source) ?? '–'} | ${names.join(', ') || 'in words, see the file'} |`);
  }
  return [
    head,
    'A package may hold files under several licences; the ones that its copyright file names:',
    '',
    '| package | recordings | licences |',
    '|---|---|---|',
    ...rows,
  ];
}

/** Names in the `License:` fields of a Debian copyright file, the most frequent first, five at most. */
function licenceNames(text: string): string[] {
  const counts = new Map<string, number>();
  for (const [, name] of text.matchAll(/^License:[ \t]*(\S.*)$/gm)) counts.set(name.trim(), (counts.get(name.trim()) ?? 0) + 1);
  const names = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).map(([name]) => name.replaceAll('|', '/'));
  return names.length > 5 ? [...names.slice(0, 5), `${names.length - 5} more`] : names;
}
