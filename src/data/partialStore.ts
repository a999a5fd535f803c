import { existsSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../util/atomicFile.js';
import { readJournal, sizeOf } from '../util/journal.js';
import { jsonLine } from '../util/jsonLines.js';
import { makeFolder } from '../util/makeFolder.js';
import { NPY_HEADER_BYTES, npyHeader } from '../util/npy.js';
import { writeAt } from '../util/writeAt.js';
import type { Clip } from './clip.js';
import { sameSource, sourceOf } from './sourceFile.js';
import { type StoreDtype, storeFile } from './storeFiles.js';

/** A line of the journal: a clip that is written, or one that is rejected. Source fields are absent where the file is missing. */
export interface JournalEntry {
  id: string;
  sourceBytes?: number;
  sourceMtimeMs?: number;
  written?: { numFrames: number; numSamples: number; sampleRate: number; contentHash: string };
  rejected?: string;
  warnings?: string[];
}

/** A store being built. Clips are appended in the order of the manifest, so what is there is always a prefix of the whole. */
export interface PartialStore {
  /** One a clip, in order, those of an earlier run included. */
  entries: JournalEntry[];
  /** Writes frames of the clip that is appended next; where that is rejected they count for nothing. */
  appendFrames(values: Uint8Array): Promise<void>;
  /** Appends one clip's (remaining) values and its sums (absent for a rejected clip), then its journal line. */
  append(entry: JournalEntry, data?: { values: Uint8Array; sums: Float64Array }): Promise<void>;
  /** Writes the final headers and flushes to the disk. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens STORE.partial, going on where an earlier run stopped if that run had the same `key` (front end, dtype ...), the same clips in the
 * same order, and unchanged source files: the longest such prefix is kept and everything after it cut off, a torn last line or block too.
 * The journal line of a clip is written after its values, so a clip whose line is whole is whole.
 */
export async function openPartialStore({
  dir,
  key,
  clips,
  nMels,
  dtype,
  keepRejected,
}: {
  dir: string;
  key: object;
  clips: readonly Clip[];
  nMels: number;
  dtype: StoreDtype;
  /** false = the first clip rejected by the earlier run ends the prefix, to be tried again. */
  keepRejected: boolean;
}): Promise<PartialStore> {
  await makeFolder(dir);
  const frameBytes = nMels * (dtype === 'float16' ? 2 : 4);
  const rowBytes = 2 * nMels * 8;
  const journalPath = join(dir, storeFile.journal);
  const logMelPath = join(dir, storeFile.logMel);
  const statsPath = join(dir, storeFile.stats);

  let numFrames = 0;
  let numRows = 0;
  const entries: JournalEntry[] = [];
  const [logMelBytes, statsBytes] = [await sizeOf(logMelPath), await sizeOf(statsPath)];
  for (const entry of await readJournal<JournalEntry>(journalPath, key)) {
    const clip = clips[entries.length];
    if (clip === undefined || clip.id !== entry.id || !sameSource(entry, await sourceOf(clip.path))) break;
    if (entry.rejected !== undefined && !keepRejected) break;
    if (entry.written !== undefined) {
      const isThere =
        logMelBytes >= NPY_HEADER_BYTES + (numFrames + entry.written.numFrames) * frameBytes &&
        statsBytes >= NPY_HEADER_BYTES + (numRows + 1) * rowBytes;
      if (!isThere) break;
      numFrames += entry.written.numFrames;
      numRows++;
    }
    entries.push(entry);
  }
  await writeFileAtomic(journalPath, [{ key }, ...entries].map(jsonLine).join(''));
  for (const name of [storeFile.clips, storeFile.store, storeFile.rejected]) await rm(join(dir, name), { force: true });

  const logMel = await openCut(logMelPath, NPY_HEADER_BYTES + numFrames * frameBytes, npyHeader({ dtype, shape: [0, nMels] }));
  const stats = await openCut(statsPath, NPY_HEADER_BYTES + numRows * rowBytes, npyHeader({ dtype: 'float64', shape: [0, 2, nMels] }));
  const journal = await open(journalPath, 'a');
  /** Bytes written of the clip that is appended next. */
  let aheadBytes = 0;

  return {
    entries,
    async appendFrames(values) {
      await writeAt(logMel, values, NPY_HEADER_BYTES + numFrames * frameBytes + aheadBytes);
      aheadBytes += values.length;
    },
    async append(entry, data) {
      if (entry.written !== undefined && data !== undefined) {
        await writeAt(logMel, data.values, NPY_HEADER_BYTES + numFrames * frameBytes + aheadBytes);
        const { buffer, byteOffset, byteLength } = data.sums;
        await writeAt(stats, new Uint8Array(buffer, byteOffset, byteLength), NPY_HEADER_BYTES + numRows * rowBytes);
        numFrames += entry.written.numFrames;
        numRows++;
      }
      aheadBytes = 0;
      await journal.appendFile(jsonLine(entry));
      entries.push(entry);
    },
    async finish() {
      await writeAt(logMel, npyHeader({ dtype, shape: [numFrames, nMels] }), 0);
      await writeAt(stats, npyHeader({ dtype: 'float64', shape: [numRows, 2, nMels] }), 0);
      // Frames of a clip that was rejected in the end may stand behind.
      await logMel.truncate(NPY_HEADER_BYTES + numFrames * frameBytes);
      await logMel.sync();
      await stats.sync();
    },
    async close() {
      await Promise.all([logMel.close(), stats.close(), journal.close()]);
    },
  };
}

/** Opens a file for writing in place, cut to `numBytes`, its header ours. */
async function openCut(path: string, numBytes: number, header: Uint8Array): Promise<FileHandle> {
  const handle = await open(path, existsSync(path) ? 'r+' : 'w+');
  await handle.truncate(numBytes);
  await writeAt(handle, header, 0);
  return handle;
}
