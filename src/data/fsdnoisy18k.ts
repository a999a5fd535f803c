import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCsv, requireColumns } from '../util/csv.js';
import { decodeUtf8 } from '../util/decodeUtf8.js';
import { AudiosslError } from '../util/errors.js';
import { type Clip, type Dataset, indexLabels } from './clip.js';
import { safeFileName } from './fileName.js';

const trainFolder = 'FSDnoisy18k.audio_train';
const testFolder = 'FSDnoisy18k.audio_test';
const trainColumns = ['fname', 'label', 'aso_id', 'manually_verified', 'noisy_small'] as const;

/** Folder of train.csv and test.csv: `FSDnoisy18k.meta`, or the data folder itself where only the metadata are there. */
export async function findFsdnoisy18kMeta(dir: string): Promise<string | undefined> {
  for (const metaDir of [join(dir, 'FSDnoisy18k.meta'), dir]) {
    const path = join(metaDir, 'train.csv');
    if (!existsSync(path) || !existsSync(join(metaDir, 'test.csv'))) continue;
    const header = (await readFile(path, 'utf8')).split(/\r?\n/, 1)[0];
    if (trainColumns.every((name) => header.includes(name))) return metaDir;
  }
  return undefined;
}

/**
 * FSDnoisy18k (Fonseca et al., ICASSP 2019): 17,585 training clips (1,772 verified = clean, 15,813 noisy, of which 1,003 are
 * noisy_small) and 947 test clips, all verified, of 20 classes. A clip's name is its Freesound recording, which is its group: three
 * names stand in train and in test, and a split by group finds them.
 */
export async function loadFsdnoisy18k({ dir, metaDir, files }: { dir: string; metaDir: string; files: string[] }): Promise<Dataset> {
  const train = await readRows(join(metaDir, 'train.csv'), trainColumns);
  const test = await readRows(join(metaDir, 'test.csv'), ['fname', 'label', 'aso_id']);
  const toClip = (folder: string, row: Record<string, string>): Clip => {
    const id = `${folder}/${row.fname}`;
    return { id, path: join(dir, id), label: row.label, group: row.fname.replace(/\.[^.]*$/, '') };
  };
  const clips: Clip[] = [
    ...train.map(
      (row): Clip => ({
        ...toClip(trainFolder, row),
        split: 'train',
        isVerified: readFlag(row, 'manually_verified'),
        isNoisySmall: readFlag(row, 'noisy_small'),
      }),
    ),
    ...test.map((row): Clip => ({ ...toClip(testFolder, row), split: 'test', isVerified: true, isNoisySmall: false })),
  ];
  const classNames = indexLabels(clips);

  const audio = files.filter((file) => file.startsWith(`${trainFolder}/`) || file.startsWith(`${testFolder}/`));
  const isMetadataOnly = audio.length === 0;
  const onDisk = new Set(audio);
  const listed = new Set(clips.map((clip) => clip.id));
  const missing = isMetadataOnly ? [] : clips.flatMap(({ id }) => (onDisk.has(id) ? [] : id));
  const unlisted = audio.filter((file) => !listed.has(file));

  const count = (isCounted: (clip: Clip) => boolean | undefined) => clips.filter(isCounted).length.toLocaleString('en-US');
  const testNames = new Set(test.map((row) => row.fname));
  const inBoth = train.flatMap(({ fname }) => (testNames.has(fname) ? fname : [])).sort();
  const notes = [
    `read as fsdnoisy18k: train ${count((c) => c.split === 'train')} (clean ${count((c) => c.split === 'train' && c.isVerified)}, noisy ${count(
      (c) => c.split === 'train' && !c.isVerified,
    )}, of these noisy_small ${count((c) => c.isNoisySmall)}), test ${count((c) => c.split === 'test')}, ${classNames.length} classes`,
  ];
  if (inBoth.length > 0)
    notes.push(
      `${inBoth.length} names stand in train.csv and in test.csv: ${inBoth.join(', ')}; splits keep them for the test and drop them from training`,
    );
  if (isMetadataOnly) notes.push('metadata only: there is no audio folder');
  if (missing.length > 0) notes.push(`${missing.length} csv rows have no file, the first is ${missing[0]}`);
  if (unlisted.length > 0) notes.push(`${unlisted.length} files are in no csv row and are left out, the first is ${unlisted[0]}`);
  return { dir, kind: 'fsdnoisy18k', clips, classNames, notes, missing, unlisted, isMetadataOnly };
}

async function readRows(file: string, columns: readonly string[]): Promise<Record<string, string>[]> {
  const table = parseCsv(decodeUtf8(await readFile(file), `csv: ${file}`), file);
  requireColumns(table, columns, file);
  const seen = new Set<string>();
  for (const row of table.rows) {
    safeFileName(row.fname, file);
    if (seen.has(row.fname)) throw new AudiosslError(`loadDataset: ${file} must name each clip once, got ${row.fname} twice`);
    seen.add(row.fname);
  }
  return table.rows;
}

function readFlag(row: Record<string, string>, column: string): boolean {
  const text = row[column];
  if (text !== '0' && text !== '1')
    throw new AudiosslError(`loadDataset: train.csv: ${column} of ${row.fname} must be 0 or 1, got "${text}"`);
  return text === '1';
}
