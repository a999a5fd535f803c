import { existsSync } from 'node:fs';
import { frontEndHash } from '../audio/frontEnd.js';
import type { Model } from '../model/loadModel.js';
import { removeTemporaries } from '../util/atomicFile.js';
import { AudiosslError, UsageError } from '../util/errors.js';
import { sha256 } from '../util/hash.js';
import { packageVersion } from '../util/packageVersion.js';
import { joinTables } from './embeddingTable.js';
import { type EmbedSummary, embedRecordings, type Recording } from './embedRecordings.js';
import { equalRecordings } from './equalRecordings.js';
import { type JournalEntry, openPartialEmbeddings, type PartialEmbeddings } from './partialEmbeddings.js';
import { type EmbeddingFile, readEmbeddings } from './readEmbeddings.js';
import { type RowKind, windowOf } from './recordingPatches.js';
import { type EmbeddingFormat, filesOf, writeEmbeddings } from './writeEmbeddings.js';

/** Part `index` of `count`, from 1: recordings that stand together in the manifest. */
export interface Shard {
  index: number;
  count: number;
}

export interface EmbedToFileOptions {
  model: Model;
  recordings: readonly Recording[];
  out: string;
  format: EmbeddingFormat;
  per?: RowKind;
  /** Keep the rows of `out` and embed the recordings that it does not have. */
  add?: boolean;
  /** Embed this part of the recordings only; `mergeEmbeddings` puts the parts together. */
  shard?: Shard;
  batchSize?: number;
  numWorkers?: number;
  onError?: 'skip' | 'fail';
  salvage?: boolean;
  channel?: number;
  onProgress?: (done: number, total: number, numRejected: number) => void;
  signal?: AbortSignal;
}

export interface EmbedToFileSummary extends EmbedSummary {
  /** Recordings that an earlier run, stopped or killed, had done. */
  numResumed: number;
  /** Recordings that were in the file before, with `add`. */
  numKept: number;
  /** Different recordings with the same rows: copies of one another, or silence. */
  equal: string[][];
}

/**
 * Embeds recordings into one file (see writeEmbeddings.ts) of bounded memory. Rows are gathered in OUT.partial beside it, which a run that
 * was stopped, killed or failed leaves behind: the same call goes on from there, and nothing but the output is left in the end. Its meta
 * says which model, front end and version made it and which recordings were left out. Throws AudiosslError when none could be used.
 *
 * @example
 * ```ts
 * import { embedToFile, findRecordings, loadModel } from 'audiossl';
 * const recordings = await findRecordings(['data/esc10/audio/2-71162-A.ogg']);
 * const { numRows } = await embedToFile({ model: await loadModel(), recordings, out: 'rain.npz', format: 'npz', numWorkers: 1 });
 * numRows; // => 1
 * ```
 */
export async function embedToFile(options: EmbedToFileOptions): Promise<EmbedToFileSummary> {
  const { model, out, per = 'clip', add = false, shard, onError = 'skip', salvage = false, channel } = options;
  windowOf(model, per);
  const facts = { ...describeModel(model), per, salvage, channel };
  const before = add && existsSync(out) ? await readEmbeddings(out) : undefined;
  try {
    if (before !== undefined) checkSame(out, before, facts);
    const kept = keptOf(before);
    const numKept = kept.size - rejectedOf(before).length;
    const all = options.recordings.filter(({ id }) => !kept.has(id));
    const recordings = shard === undefined ? all : partOf(all, shard);
    const manifest = shard && { ...shard, manifest: sha256(all.map(({ id }) => id).join('\n')) };
    const place = {
      dir: `${out}.partial`,
      key: { ...facts, shard: manifest, add: before && sha256(before.ids.join('\n')) },
      dim: model.encoder.embeddingSize,
      recordings,
      keepRejected: onError === 'skip',
    };
    if (recordings.length === 0) {
      if (before === undefined)
        throw new UsageError(`embed: there is nothing to embed, ${all.length} recordings are fewer than ${shard?.count ?? 1} shards`);
      // A run that was killed between its file and its end.
      if (existsSync(place.dir)) await (await openPartialEmbeddings(place)).close({ isDone: true });
      return { ...summaryOf([]), equal: [], encoderBusy: 0, numResumed: 0, numKept };
    }
    const partial = await openPartialEmbeddings(place);
    let isDone = false;
    try {
      for (const file of filesOf(out, options.format)) await removeTemporaries(file);
      const numResumed = partial.entries.length;
      const encoderBusy = await embedRest(partial, recordings, options);
      const { entries } = partial;
      const summary = summaryOf(entries);
      if (summary.numEmbedded === 0 && before === undefined && shard === undefined) {
        isDone = true;
        throw new AudiosslError(`embed: none of ${recordings.length} recordings could be used; the first: ${summary.rejected[0]?.reason}`);
      }
      if (summary.numEmbedded + summary.rejected.length !== recordings.length) {
        throw new AudiosslError(
          `embed: ${recordings.length} recordings were given, ${summary.numEmbedded} embedded and ${summary.rejected.length} rejected`,
        );
      }
      const old = (before?.meta ?? {}) as Partial<Pick<EmbedSummary, 'rejected' | 'filled'> & { numRecordings: number }>;
      const table = joinTables([...(before ? [before] : []), await partial.table()]);
      const equal = await equalRecordings(table);
      await writeEmbeddings(out, options.format, table, {
        ...facts,
        numRecordings: (old.numRecordings ?? 0) + summary.numEmbedded,
        rejected: [...(old.rejected ?? []), ...summary.rejected],
        filled: [...(old.filled ?? []), ...summary.filled],
        equal,
        ...(manifest && { shard: manifest }),
      });
      isDone = true;
      const news = equal.filter((ids) => ids.some((id) => !kept.has(id)));
      return { ...summary, equal: news, encoderBusy, numResumed, numKept };
    } finally {
      await partial.close({ isDone });
    }
  } finally {
    await before?.close();
  }
}

/** Embeds what the partial output does not have; gives the share of the time in which the encoder was at work. */
async function embedRest(
  partial: PartialEmbeddings,
  recordings: readonly Recording[],
  { model, per = 'clip', batchSize, numWorkers, onError, salvage, channel, onProgress, signal }: EmbedToFileOptions,
): Promise<number> {
  const done = new Set(partial.entries.map(({ id }) => id));
  const numRejected = partial.entries.filter(({ rejected }) => rejected !== undefined).length;
  const patchesBefore = partial.entries.reduce((sum, { numPatches = 0 }) => sum + numPatches, 0);
  const rest = recordings.filter(({ id }) => !done.has(id));
  if (rest.length === 0) return 0;
  const { encoderBusy } = await embedRecordings({
    ...{ model, recordings: rest, per, batchSize, patchesBefore, numWorkers, onError, salvage, channel, signal },
    onPart: (part) => partial.append(part),
    onRejected: (id, reason) => partial.reject(id, reason),
    onProgress: (now, _total, rejected) => onProgress?.(done.size + now, recordings.length, numRejected + rejected),
  });
  return encoderBusy;
}

function summaryOf(entries: readonly JournalEntry[]): Omit<EmbedSummary, 'encoderBusy'> {
  return {
    numEmbedded: entries.filter(({ rejected }) => rejected === undefined).length,
    numRows: entries.reduce((sum, { numRows = 0 }) => sum + numRows, 0),
    rejected: entries.flatMap(({ id, rejected: reason }) => (reason === undefined ? [] : [{ id, reason }])),
    warnings: entries.flatMap(({ id, warnings = [] }) => warnings.map((warning) => ({ id, warning }))),
    filled: entries.flatMap(({ id, isFilled }) => (isFilled === true ? [id] : [])),
  };
}

/** What need not be tried again: recordings with rows, and broken ones. */
function keptOf(file: EmbeddingFile | undefined): Set<string> {
  return new Set([...(file?.ids ?? []), ...rejectedOf(file)]);
}

function rejectedOf(file: EmbeddingFile | undefined): string[] {
  const rejected = (file?.meta.rejected ?? []) as { id: string }[];
  return rejected.map(({ id }) => id);
}

function partOf(recordings: readonly Recording[], { index, count }: Shard): Recording[] {
  const at = (part: number) => Math.floor((part * recordings.length) / count);
  return recordings.slice(at(index - 1), at(index));
}

const sameKeys = ['model', 'frontEndHash', 'patchFrames', 'patchHop', 'per', 'salvage', 'channel'] as const;

/** Rows of one file must be of one making. Throws UsageError naming what differs. */
export function checkSame(path: string, { meta }: Pick<EmbeddingFile, 'meta'>, facts: Record<string, unknown>): void {
  const said = (value: unknown) => JSON.stringify(value) ?? 'nothing';
  const sha = (value: unknown) => said((value as { sha256?: string } | undefined)?.sha256);
  for (const key of sameKeys) {
    const [found, wanted] = key === 'model' ? [sha(meta[key]), sha(facts[key])] : [said(meta[key]), said(facts[key])];
    if (found === wanted) continue;
    const what = key === 'model' ? "the model's checksum" : key;
    throw new UsageError(
      `embed: ${path} must be made as the other rows are: ${what} is ${found} there and ${wanted} here; give another file`,
    );
  }
}

/** Facts of a model for the files that it makes. */
function describeModel({ metadata, checkpoint, frontEnd, patchFrames, patchHop }: Model): Record<string, unknown> {
  return {
    program: 'audiossl',
    version: packageVersion(),
    model: {
      checkpoint: checkpoint?.name,
      sha256: checkpoint?.sha256,
      step: metadata.step,
      epoch: metadata.epoch,
      encoder: metadata.encoder,
    },
    frontEnd,
    frontEndHash: frontEndHash(frontEnd),
    patchFrames,
    patchHop,
    timestamps: 'milliseconds, centre of the patches of the row',
  };
}
