import { existsSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFolder } from '../data/buildLock.js';
import { type SourceFile, sameSource, sourceOf } from '../data/sourceFile.js';
import { writeFileAtomic } from '../util/atomicFile.js';
import { readJournal, sizeOf } from '../util/journal.js';
import { jsonLine } from '../util/jsonLines.js';
import { readFully } from '../util/npy.js';
import { writeAt } from '../util/writeAt.js';
import type { EmbeddingTable } from './embeddingTable.js';
import type { EmbeddedPart, Recording } from './embedRecordings.js';

/** A line of the journal: a recording whose rows are all written, or one that is rejected. */
export interface JournalEntry extends SourceFile {
  id: string;
  numRows?: number;
  numPatches?: number;
  isFilled?: boolean;
  warnings?: string[];
  rejected?: string;
}

const FILES_AT_ONCE = 64;

/** An output that is being made: rows, their times, and a journal, in a folder beside it. */
export interface PartialEmbeddings {
  /** Those of an earlier run included. */
  entries: JournalEntry[];
  /** Appends rows, then a line for each recording that is complete with them. */
  append(part: EmbeddedPart): Promise<void>;
  reject(id: string, reason: string): Promise<void>;
  /** Everything that is complete. */
  table(): Promise<EmbeddingTable>;
  /** Lets go of files and lock; the folder stays, for the next run, unless it has no rows or `isDone`. */
  close(end: { isDone: boolean }): Promise<void>;
}

/**
 * Opens OUT.partial, going on where an earlier run stopped if it had the same `key` (model, kind of rows ...): recordings are skipped as far
 * as they are complete, in the order of the manifest, and their files unchanged. What stands after them is cut off, a torn line too; the
 * line of a recording is written after its rows, so a recording whose line is whole is whole. One process at a time has it.
 */
export async function openPartialEmbeddings({
  dir,
  key,
  dim,
  recordings,
  keepRejected,
}: {
  dir: string;
  key: object;
  dim: number;
  recordings: readonly Recording[];
  /** false = recordings that the earlier run rejected are tried again. */
  keepRejected: boolean;
}): Promise<PartialEmbeddings> {
  const unlock = await lockFolder(dir, 'embed');
  const path = { journal: join(dir, 'journal.jsonl'), rows: join(dir, 'rows.f32'), times: join(dir, 'times.f64') };
  const room = Math.min((await sizeOf(path.rows)) / (4 * dim), (await sizeOf(path.times)) / 8);
  const entries = await usable(await readJournal<JournalEntry>(path.journal, key), { recordings, keepRejected, room });
  await writeFileAtomic(path.journal, [{ key }, ...entries].map(jsonLine).join(''));
  /** Rows of complete recordings, and those that are written. */
  let numComplete = entries.reduce((sum, { numRows = 0 }) => sum + numRows, 0);
  let numRows = numComplete;
  const [rows, times, journal] = [
    await openCut(path.rows, numRows * 4 * dim),
    await openCut(path.times, numRows * 8),
    await open(path.journal, 'a'),
  ];
  const pathOf = new Map(recordings.map(({ id, path: file }) => [id, file]));
  const counts = new Map<string, number>();

  const note = async (added: readonly JournalEntry[]): Promise<void> => {
    if (added.length === 0) return;
    await journal.appendFile(added.map(jsonLine).join(''));
    entries.push(...added);
  };
  return {
    entries,
    async append({ rows: { h, ids, timestamps }, completed }) {
      await writeAt(rows, new Uint8Array(h.buffer, h.byteOffset, h.byteLength), numRows * 4 * dim);
      await writeAt(times, new Uint8Array(Float64Array.from(timestamps).buffer), numRows * 8);
      numRows += ids.length;
      for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
      const added = await Promise.all(
        completed.map(async ({ id, numPatches, isFilled, warnings }): Promise<JournalEntry> => {
          const entry: JournalEntry = { id, ...(await sourceOf(pathOf.get(id) ?? id)), numRows: counts.get(id) ?? 0, numPatches };
          if (isFilled) entry.isFilled = true;
          if (warnings.length > 0) entry.warnings = warnings;
          counts.delete(id);
          return entry;
        }),
      );
      for (const entry of added) numComplete += entry.numRows ?? 0;
      await note(added);
    },
    async reject(id, reason) {
      await note([{ id, ...(await sourceOf(pathOf.get(id) ?? id)), rejected: reason }]);
    },
    async table() {
      const ids = entries.flatMap(({ id, numRows: count = 0 }) => new Array<string>(count).fill(id));
      const timestamps = new Float64Array(ids.length);
      await readFully(times, new Uint8Array(timestamps.buffer), 0, path.times);
      return {
        dim,
        ids,
        timestamps,
        async readRows(first, count) {
          const out = new Float32Array(count * dim);
          await readFully(rows, new Uint8Array(out.buffer), first * dim * 4, path.rows);
          return out;
        },
      };
    },
    async close({ isDone }) {
      await Promise.all([rows.close(), times.close(), journal.close()]);
      if (isDone || numComplete === 0) await rm(dir, { recursive: true, force: true });
      else await unlock();
    },
  };
}

/** The entries that still hold: rejected ones, and complete ones as far as they follow the manifest without a gap. */
async function usable(
  found: readonly JournalEntry[],
  { recordings, keepRejected, room }: { recordings: readonly Recording[]; keepRejected: boolean; room: number },
): Promise<JournalEntry[]> {
  const byId = new Map(found.map((entry) => [entry.id, entry]));
  const order = new Map(found.map(({ id }, i) => [id, i]));
  const kept: JournalEntry[] = [];
  let left = room;
  let last = -1;
  for await (const { id, source } of withSources(recordings.slice(0, found.length))) {
    const entry = byId.get(id);
    const isSame = entry !== undefined && sameSource(entry, source);
    if (entry === undefined || !isSame || (entry.rejected !== undefined && !keepRejected)) break;
    if (entry.rejected === undefined) {
      const place = order.get(id) as number;
      left -= entry.numRows ?? 0;
      if (left < 0 || place < last) break;
      last = place;
    }
    kept.push(entry);
  }
  return kept;
}

/** Files are asked after some at a time: one after the other a hundred thousand take long, all at once take memory. */
async function* withSources(recordings: readonly Recording[]): AsyncGenerator<{ id: string; source: SourceFile }, void> {
  for (let first = 0; first < recordings.length; first += FILES_AT_ONCE) {
    const some = recordings.slice(first, first + FILES_AT_ONCE);
    const sources = await Promise.all(some.map(({ path }) => sourceOf(path)));
    for (const [i, source] of sources.entries()) yield { id: some[i].id, source };
  }
}

async function openCut(path: string, numBytes: number): Promise<FileHandle> {
  const handle = await open(path, existsSync(path) ? 'r+' : 'w+');
  await handle.truncate(numBytes);
  return handle;
}
