import { constants, existsSync, statSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import type { FrontEnd } from '../audio/frontEnd.js';
import { prepareOutput } from '../embed/prepareOutput.js';
import { removeTemporaries, writeFileAtomic, writeFileAtomicWith } from '../util/atomicFile.js';
import { AudiosslError, errorText, UsageError } from '../util/errors.js';
import { makeFolder } from '../util/makeFolder.js';
import type { ClassifiedRecording } from './classifyRecordings.js';
import type { LabelFormat } from './labelFormatNames.js';
import { audacityLabels, csvHeader, csvLines, ravenTable } from './labelFormats.js';

/**
 * Gives `work` a function that writes one recording's labels after the other. The table of csv is there when `work` is done, or not at
 * all; files of single recordings are there as soon as they are written. Throws UsageError where `out` is a file in place of a folder, or
 * the other way round, and where two of `ids` would be one file.
 */
export async function writeLabels<T>(
  { out, format, ids, frontEnd }: { out: string; format: LabelFormat; ids: readonly string[]; frontEnd: Pick<FrontEnd, 'fMin' | 'fMax'> },
  work: (write: (recording: ClassifiedRecording) => Promise<void>) => Promise<T>,
): Promise<T> {
  await prepareLabelOutput(out, format, ids);
  if (format === 'csv') {
    await removeTemporaries(out);
    let result: T | undefined;
    await writeFileAtomicWith(out, async (handle) => {
      await handle.appendFile(`${csvHeader}\n`);
      result = await work((recording) => handle.appendFile(csvLines(recording)));
    });
    return result as T;
  }
  const band = { low: frontEnd.fMin, high: frontEnd.fMax };
  return work(async (recording) => {
    const path = labelFile(out, format, recording.id);
    await makeFolder(dirname(path));
    await writeFileAtomic(path, format === 'raven' ? ravenTable(recording, band) : audacityLabels(recording));
  });
}

const labelFile = (out: string, format: LabelFormat, id: string): string =>
  join(out, `${placeOf(id)}.${format === 'raven' ? 'selections' : 'labels'}.txt`);

/** Makes the folders that are needed, and says what is wrong with them and with the names of the recordings before anything is computed. */
export async function prepareLabelOutput(out: string, format: LabelFormat, ids: readonly string[]): Promise<void> {
  const isFolder = existsSync(out) && statSync(out).isDirectory();
  if (format === 'csv' && isFolder) throw new UsageError(`classify: --format csv writes one file, ${out} is a folder; give another --out`);
  if (format !== 'csv' && existsSync(out) && !isFolder) {
    throw new UsageError(`classify: --format ${format} writes a file a recording into a folder, ${out} is a file; give another --out`);
  }
  if (format === 'csv') return prepareOutput(out, 'classify');
  const first = new Map<string, string>();
  for (const id of ids) {
    const path = labelFile(out, format, id);
    const other = first.get(path);
    if (other !== undefined)
      throw new UsageError(
        `classify: the labels of ${other} and ${id} would both be ${path}; name one folder with --in, or label them apart`,
      );
    first.set(path, id);
  }
  try {
    await makeFolder(out);
    await access(out, constants.W_OK);
  } catch (error) {
    throw new AudiosslError(`classify: ${out} cannot be written (${errorText(error)}); give another --out`, { cause: error });
  }
}

/** An id is a path as it was given: outside the folder nothing is written. */
function placeOf(id: string): string {
  const path = normalize(id);
  return isAbsolute(path) || path.startsWith('..') ? path.replace(/^([A-Za-z]:)?[\\/.]+/, '') : path;
}
