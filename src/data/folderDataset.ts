import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../util/errors.js';
import { type Clip, type Dataset, indexLabels, type Split } from './clip.js';
import { splitFromWord } from './csvDataset.js';

/** Top folders named train, validation, test are splits, not classes. */
function hasSplitFolders(files: readonly string[]): boolean {
  const tops = new Set(files.map((file) => file.split('/')[0]));
  return files.every((file) => file.includes('/')) && [...tops].every((top) => splitFromWord(top) !== undefined);
}

function splitAndRest(file: string, hasSplits: boolean): { split?: Split; rest: string[] } {
  const parts = file.split('/');
  return hasSplits ? { split: splitFromWord(parts[0]), rest: parts.slice(1) } : { rest: parts };
}

/** Every recording lies in a folder (below a split's folder, if these are there), and there are at least two such folders. */
export function looksLikeClassFolders(files: readonly string[]): boolean {
  const hasSplits = hasSplitFolders(files);
  const rests = files.map((file) => splitAndRest(file, hasSplits).rest);
  return rests.every((rest) => rest.length > 1) && new Set(rests.map((rest) => rest[0])).size > 1;
}

/** One folder a class (or split/class), or recordings without labels at any depth. */
export async function loadFolderDataset({
  dir,
  files,
  kind,
}: {
  dir: string;
  files: string[];
  kind: 'classFolders' | 'unlabelled';
}): Promise<Dataset> {
  const hasSplits = hasSplitFolders(files);
  const clips = files.map((id): Clip => {
    const { split, rest } = splitAndRest(id, hasSplits);
    const clip: Clip = { id, path: join(dir, id) };
    if (split !== undefined) clip.split = split;
    if (kind === 'classFolders') {
      if (rest.length < 2)
        throw new UsageError(`loadDataset: ${id} must lie in the folder of its class; move it there or pass --format unlabelled`);
      clip.label = rest[0];
    }
    return clip;
  });
  const classNames = indexLabels(clips);
  const splits = hasSplits ? ', folders train / validation / test taken as splits' : '';
  const notes =
    kind === 'classFolders'
      ? [
          `read as classFolders: ${clips.length} clips in ${classNames.length} folders taken as classes${splits}; if they are no classes, pass --format unlabelled`,
        ]
      : [`read as unlabelled: ${clips.length} clips${splits}`];
  if (kind === 'classFolders') {
    const parents = hasSplits ? [...new Set(files.map((file) => file.split('/')[0]))] : ['.'];
    const empty = await foldersBeside(classNames, dir, parents);
    if (empty.length > 0) notes.push(`${empty.length} folders hold no recordings and are no classes: ${empty.join(', ')}`);
  }
  return { dir, kind, clips, classNames, notes, missing: [], unlisted: [], isMetadataOnly: false };
}

/** Folders in `parents` that are none of the classes; hidden ones do not count. */
async function foldersBeside(classNames: readonly string[], dir: string, parents: readonly string[]): Promise<string[]> {
  const entries = (await Promise.all(parents.map((parent) => readdir(join(dir, parent), { withFileTypes: true })))).flat();
  const names = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map((entry) => entry.name);
  return [...new Set(names)].filter((name) => !classNames.includes(name)).sort();
}
