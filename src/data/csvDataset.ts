import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CsvTable, parseCsv, requireColumns } from '../util/csv.js';
import { AudiosslError } from '../util/errors.js';
import { type Clip, type Dataset, indexLabels, type Split } from './clip.js';
import { safeFileName } from './fileName.js';

const knownColumns = ['fname', 'label', 'split', 'fold', 'group'];
const splitWords: Record<string, Split> = {
  train: 'train',
  training: 'train',
  validation: 'validation',
  valid: 'validation',
  val: 'validation',
  dev: 'validation',
  test: 'test',
  testing: 'test',
};

/** The split that a word of a csv or the name of a folder means, or undefined. */
export function splitFromWord(word: string): Split | undefined {
  return Object.hasOwn(splitWords, word.toLowerCase()) ? splitWords[word.toLowerCase()] : undefined;
}

/** A csv with fname and, where known, label, split, fold, group; the recordings lie beside it or in `audio/`. */
export async function loadCsvDataset({ dir, csvName, files }: { dir: string; csvName: string; files: string[] }): Promise<Dataset> {
  const file = join(dir, csvName);
  const table = parseCsv(await readFile(file, 'utf8'), file);
  requireColumns(table, ['fname'], file);
  if (table.rows.length === 0) throw new AudiosslError(`loadDataset: ${file} must have a row a clip, got the header alone`);
  refuseMultiLabel(table, file);
  const onDisk = new Set(files);
  const hasAudioFolder = files.some((name) => name.startsWith('audio/'));
  const clips: Clip[] = table.rows.map((row, i) => {
    const name = safeFileName(row.fname, `${file}: row ${i + 1}`);
    const id = onDisk.has(name) || !hasAudioFolder ? name : `audio/${name}`;
    return { id, path: join(dir, id), ...readRow(row, `${file}: row ${i + 1}`) };
  });
  const seen = new Set<string>();
  for (const { id } of clips) {
    if (seen.has(id)) throw new AudiosslError(`loadDataset: ${file} must name each clip once, got ${id} twice; delete one row`);
    seen.add(id);
  }
  const classNames = indexLabels(clips);
  const present = clips.filter((clip) => onDisk.has(clip.id)).length;
  const isMetadataOnly = present === 0;
  const missing = isMetadataOnly ? [] : clips.flatMap(({ id }) => (onDisk.has(id) ? [] : id));
  const unlisted = files.filter((name) => !seen.has(name));

  const notes = [`read as csv: ${clips.length} rows of ${csvName}, ${classNames.length} classes`];
  const ignored = table.columns.filter((name) => !knownColumns.includes(name));
  if (ignored.length > 0) notes.push(`columns not used: ${ignored.join(', ')}`);
  const numUnlabelled = clips.filter((clip) => clip.label === undefined).length;
  if (classNames.length > 0 && numUnlabelled > 0) notes.push(`${numUnlabelled} rows have no label`);
  if (isMetadataOnly)
    notes.push(
      `metadata only: none of the files that ${csvName} names is in ${dir} or ${join(dir, 'audio')}, the first is ${clips[0]?.id}`,
    );
  if (missing.length > 0) notes.push(`${missing.length} csv rows have no file, the first is ${missing[0]}`);
  if (unlisted.length > 0) notes.push(`${unlisted.length} files are in no csv row and are left out, the first is ${unlisted[0]}`);
  return { dir, kind: 'csv', clips, classNames, notes, missing, unlisted, isMetadataOnly };
}

function readRow(row: Record<string, string>, where: string): Partial<Clip> {
  const clip: Partial<Clip> = {};
  if (row.label) clip.label = row.label;
  if (row.fold) clip.fold = row.fold;
  if (row.group) clip.group = row.group;
  if (row.split) {
    clip.split = splitFromWord(row.split);
    if (clip.split === undefined)
      throw new AudiosslError(`loadDataset: ${where}: split must be train, validation or test, got "${row.split}"`);
  }
  return clip;
}

/** One label a clip is what every loss and metric here means: sets with several are refused by name instead of read wrongly. */
function refuseMultiLabel(table: CsvTable, file: string): void {
  const refuse = (why: string): never => {
    throw new AudiosslError(
      `loadDataset: ${file} is multi-label (${why}), only one label a clip is supported; keep one label a row, or drop the column to use the clips without labels`,
    );
  };
  if (table.columns.includes('labels')) refuse('its label column is "labels"');
  if (!table.columns.includes('label')) return;
  const labelOf = new Map<string, string>();
  for (const [i, { fname, label }] of table.rows.entries()) {
    // AudioSet's own names have ", " inside ("Walk, footsteps"); lists of labels are written without the space.
    if (/[;|]|,(?! )/.test(label)) refuse(`row ${i + 1}: "${label}"`);
    const before = labelOf.get(fname);
    if (before !== undefined && before !== label) refuse(`${fname} is "${before}" and "${label}"`);
    labelOf.set(fname, label);
  }
}
