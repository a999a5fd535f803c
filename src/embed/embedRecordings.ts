import { availableParallelism } from 'node:os';
import type { LogMel } from '../audio/logMel.js';
import type { ClipFeatures } from '../data/clipFeatures.js';
import { compiledModule } from '../data/compiledModule.js';
import { runInWorkers } from '../data/workerPool.js';
import type { Model } from '../model/loadModel.js';
import { AudiosslError } from '../util/errors.js';
import { createEmbeddingRowMaker, type EmbeddingRows } from './embeddingRows.js';

export interface Recording {
  /** Unique name of the recording in the output. */
  id: string;
  path: string;
}

export interface EmbedSummary {
  numEmbedded: number;
  numRows: number;
  rejected: { id: string; reason: string }[];
  warnings: { id: string; warning: string }[];
}

/**
 * Embeds recordings: worker threads decode them and make their log-mels while this thread embeds the grid patches in full batches across
 * recordings. Memory is bounded by one batch of patches and 64 MiB of log-mels made ahead (or one recording, where that is larger).
 * Rows come in the order of the recordings, each exactly once, through `onRows`, the same ones whatever the number of workers.
 * A broken recording is listed and skipped, or with `onError: 'fail'` ends the work with an error naming it.
 */
export async function embedRecordings({
  model,
  recordings,
  per,
  batchSize = 128,
  numWorkers = Math.max(1, availableParallelism() - 1),
  onError = 'skip',
  salvage = false,
  onRows,
  onProgress,
  signal,
}: {
  model: Model;
  recordings: readonly Recording[];
  /** One row a recording (mean of h over its grid patches) or one a patch. */
  per: 'clip' | 'patch';
  batchSize?: number;
  /** Default: all cores but one, which embeds. */
  numWorkers?: number;
  onError?: 'skip' | 'fail';
  salvage?: boolean;
  onRows: (rows: EmbeddingRows) => Promise<void>;
  onProgress?: (done: number, total: number, numRejected: number) => void;
  signal?: AbortSignal;
}): Promise<EmbedSummary> {
  const { frontEnd, patchFrames } = model;
  const summary: EmbedSummary = { numEmbedded: 0, numRows: 0, rejected: [], warnings: [] };
  const rowMaker = createEmbeddingRowMaker({
    model,
    per,
    batchSize,
    async onRows(rows) {
      summary.numRows += rows.ids.length;
      await onRows(rows);
    },
  });
  await runInWorkers<Recording, ClipFeatures>({
    url: compiledModule('../data/clipWorker.js', import.meta.url),
    workerData: { kind: 'features', frontEnd, dtype: 'float32', salvage },
    numWorkers,
    jobs: recordings,
    bytesOf: ({ values }) => values.byteLength,
    signal,
    async onOutcome(index, outcome) {
      const { id, path } = recordings[index];
      const reason = 'error' in outcome ? outcome.error : tooShort(outcome.result, path, patchFrames);
      if (reason !== undefined) {
        if (onError === 'fail') throw new AudiosslError(reason.includes(path) ? reason : `embed: ${path}: ${reason}`);
        summary.rejected.push({ id, reason });
      } else if ('result' in outcome) {
        for (const warning of outcome.result.warnings) summary.warnings.push({ id, warning });
        await rowMaker.add(id, toLogMel(outcome.result, frontEnd.nMels));
        summary.numEmbedded++;
      }
      onProgress?.(index + 1, recordings.length, summary.rejected.length);
    },
  });
  signal?.throwIfAborted();
  await rowMaker.finish();
  return summary;
}

function tooShort({ numFrames }: ClipFeatures, path: string, patchFrames: number): string | undefined {
  if (numFrames >= patchFrames) return undefined;
  return `embed: ${path}: has ${numFrames} frames, the model needs ${patchFrames}; the recording is too short`;
}

function toLogMel({ values, numFrames }: ClipFeatures, nMels: number): LogMel {
  return { data: new Float32Array(values.buffer, values.byteOffset, values.byteLength / 4), numFrames, nMels };
}
