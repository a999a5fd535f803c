import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../util/errors.js';
import { type Clip, type Dataset, indexLabels } from './clip.js';
import { describeParts } from './describeParts.js';
import { type FolderLayout, folderLayout } from './folderLayout.js';
import { meansUnlabelled } from './partWords.js';
import { passFormat } from './passFormat.js';

/**
 * One folder a class, or recordings without labels at any depth; above them there may be folders that are splits or folds. `auto` takes
 * folders for classes where every recording lies in one. Throws UsageError where some folders are named like splits and others are not.
 */
export async function loadFolderDataset({
  dir,
  files,
  format,
}: {
  dir: string;
  files: string[];
  format: 'auto' | 'classFolders' | 'unlabelled';
}): Promise<Dataset> {
  const layout = folderLayout(files);
  if (format === 'auto' && layout.strangers.length > 0) throw halfRecognised(dir, layout);
  const kind = format === 'auto' ? (layout.hasClasses ? 'classFolders' : 'unlabelled') : format;
  // Told to take folders for classes, those that might be splits are classes as well where not all of them are splits.
  const parts: FolderLayout['parts'] = kind === 'classFolders' && layout.strangers.length > 0 ? new Map() : layout.parts;
  const clips = files.map((id): Clip => {
    const rest = id.split('/').slice(layout.prefix.length);
    const clip: Clip = { id, path: join(dir, id) };
    const part = rest.length > 1 ? parts.get(rest[0]) : undefined;
    if (part !== undefined) {
      rest.shift();
      if (part !== 'unlabelled') Object.assign(clip, part);
      else if (hasSplits(parts)) clip.split = 'train';
    }
    const hasNoLabel = part === 'unlabelled' || (part !== undefined && rest.length > 1 && meansUnlabelled(rest[0]));
    if (kind === 'classFolders' && !hasNoLabel) {
      if (rest.length < 2)
        throw new UsageError(`loadDataset: ${id} must lie in the folder of its class; move it there or ${passFormat('unlabelled')}`);
      clip.label = rest[0].trim();
      if (rest.length > 2) Object.assign(clip, layout.inner.get(rest[1]));
    }
    return clip;
  });
  const classNames = indexLabels(clips);
  const isNot = kind === 'classFolders' ? `; if they are no classes, ${passFormat('unlabelled')}` : '';
  const classes = kind === 'classFolders' ? ` in ${classNames.length} folders taken as classes` : '';
  const notes = [
    `read as ${kind}: ${clips.length} clips${classes}${describeParts(parts)}${describeParts(layout.inner, ' inside them')}${isNot}`,
  ];
  const numUnlabelled = clips.filter(({ label }) => label === undefined).length;
  if (kind === 'classFolders' && numUnlabelled > 0) notes.push(`${numUnlabelled} clips have no label`);
  if (format === 'auto' && kind === 'unlabelled' && layout.strays.length > 0) {
    notes.push(
      `the folders are not taken as classes because ${layout.strays.length} recordings lie outside them, the first is ${layout.strays[0]}; move them into the folder of their class, or ${passFormat('unlabelled')}`,
    );
  }
  if (kind === 'classFolders') {
    const top = layout.prefix.join('/');
    const splits = [...parts].flatMap(([name, part]) => (part === 'unlabelled' ? [] : join(top, name)));
    const beside = await foldersBeside([...classNames, ...parts.keys()], dir, splits.length > 0 ? splits : [top]);
    const empty = beside.filter((name) => splits.length === 0 || !meansUnlabelled(name));
    if (empty.length > 0) notes.push(`${empty.length} folders hold no recordings and are no classes: ${empty.join(', ')}`);
  }
  return { dir, kind, clips, classNames, notes, missing: [], unlisted: [], isMetadataOnly: false };
}

function hasSplits(parts: FolderLayout['parts']): boolean {
  return [...parts.values()].some((part) => part !== 'unlabelled' && 'split' in part);
}

function halfRecognised(dir: string, { parts, strangers }: FolderLayout): UsageError {
  const known = [...parts.keys()].join(', ');
  return new UsageError(
    `loadDataset: the folders of ${dir} must all be splits or folds, or none: ${known} ${parts.size === 1 ? 'is' : 'are'} named like ${
      parts.size === 1 ? 'one' : 'such'
    }, ${strangers.slice(0, 5).join(', ')}${strangers.length > 5 ? ' ...' : ''} not; ${passFormat('classFolders')} if all are classes, ` +
      `or ${passFormat('unlabelled')} to use the recordings without labels, or move the others away`,
  );
}

/** Folders in `parents` that are none of the names known; hidden ones do not count. */
async function foldersBeside(known: readonly string[], dir: string, parents: readonly string[]): Promise<string[]> {
  const entries = (await Promise.all(parents.map((parent) => readdir(join(dir, parent), { withFileTypes: true })))).flat();
  const names = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map((entry) => entry.name);
  const isKnown = new Set(known);
  return [...new Set(names)].filter((name) => !isKnown.has(name) && !isKnown.has(name.trim())).sort();
}
