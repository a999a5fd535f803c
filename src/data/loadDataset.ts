import { existsSync } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UsageError } from '../util/errors.js';
import { listAudioFiles } from './audioFiles.js';
import type { Dataset, DatasetKind } from './clip.js';
import { loadCsvDataset } from './csvDataset.js';
import { loadFolderDataset, looksLikeClassFolders } from './folderDataset.js';
import { findFsdnoisy18kMeta, loadFsdnoisy18k } from './fsdnoisy18k.js';

/**
 * Reads what a data folder says about its clips; no audio is opened.
 * Layouts: FSDnoisy18k (its four folders, or its two csv files alone), a csv with fname[,label,split,fold,group],
 * one folder a class, or recordings without labels. `format: 'auto'` looks at what is there; `notes[0]` says what was chosen.
 * Throws UsageError where the folder or the layout asked for is not there, AudiosslError for a csv that makes no sense.
 */
export async function loadDataset(dir: string, { format = 'auto' }: { format?: 'auto' | DatasetKind } = {}): Promise<Dataset> {
  const root = resolve(dir);
  const info = await stat(root).catch(() => undefined);
  if (!info?.isDirectory())
    throw new UsageError(`loadDataset: ${dir} must be a folder of recordings, ${info ? 'it is a file' : 'it does not exist'}`);
  const files = await listAudioFiles(root);
  const meta = format === 'auto' || format === 'fsdnoisy18k' ? await findFsdnoisy18kMeta(root) : undefined;
  if (format === 'fsdnoisy18k' && meta === undefined) {
    throw new UsageError(
      `loadDataset: ${dir} must hold FSDnoisy18k.meta/train.csv and test.csv to be read as fsdnoisy18k; pass the folder that holds the four FSDnoisy18k folders`,
    );
  }
  if (meta !== undefined) return loadFsdnoisy18k({ dir: root, metaDir: meta, files });
  if (format === 'auto' || format === 'csv') {
    const csv = await findClipsCsv(root, dir);
    if (csv !== undefined) return loadCsvDataset({ dir: root, csvName: csv, files });
    if (format === 'csv')
      throw new UsageError(`loadDataset: ${dir} must hold a csv file with the column fname (labels.csv) to be read as csv`);
  }
  if (files.length === 0) {
    throw new UsageError(`loadDataset: ${dir} must hold recordings (wav, flac, ogg, mp3) or a csv with the column fname, got neither`);
  }
  const kind = format === 'auto' ? (looksLikeClassFolders(files) ? 'classFolders' : 'unlabelled') : format;
  return loadFolderDataset({ dir: root, files, kind: kind === 'classFolders' ? 'classFolders' : 'unlabelled' });
}

/** `labels.csv`, or the only csv file that has the column fname. */
async function findClipsCsv(root: string, shownDir: string): Promise<string | undefined> {
  if (existsSync(join(root, 'labels.csv'))) return 'labels.csv';
  const candidates: string[] = [];
  for (const name of (await readdir(root)).sort()) {
    if (name.toLowerCase().endsWith('.csv') && !name.startsWith('.') && (await firstLine(join(root, name))).includes('fname'))
      candidates.push(name);
  }
  if (candidates.length > 1) {
    throw new UsageError(
      `loadDataset: ${shownDir} must hold one csv with the column fname, got ${candidates.join(', ')}; call the right one labels.csv`,
    );
  }
  return candidates[0];
}

/** Column names of the first line, which is enough to know a csv by. */
async function firstLine(path: string): Promise<string[]> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
    const text = buffer.subarray(0, bytesRead).toString('utf8');
    return text
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/, 1)[0]
      .split(',')
      .map((name) => name.trim().replace(/^"|"$/g, ''));
  } finally {
    await handle.close();
  }
}
