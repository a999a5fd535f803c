import * as tf from '@tensorflow/tfjs-core';
import { clipLogMel } from '../audio/clipLogMel.js';
import type { LogMel } from '../audio/logMel.js';
import { readAudio } from '../audio/readAudio.js';
import { gridStarts } from '../data/samplers.js';
import type { Model } from '../model/loadModel.js';
import { AudiosslError, errorText } from '../util/errors.js';
import { patchCentreMs } from './patchTimes.js';

export interface Recording {
  /** Unique name of the recording in the output. */
  id: string;
  path: string;
}

/** Rows that are ready: one a recording or one a patch. */
export interface EmbeddingRows {
  /** [ids.length, dim] row-major. */
  h: Float32Array;
  dim: number;
  ids: string[];
  /** Milliseconds: centre of the patch, or of all patches of the recording. */
  timestamps: number[];
}

export interface EmbedSummary {
  numEmbedded: number;
  numRows: number;
  rejected: { id: string; reason: string }[];
  warnings: { id: string; warning: string }[];
}

interface Pending {
  id: string;
  patches: Float32Array;
  startsMs: number[];
  /** Sum of h over the recording's patches so far, for one row a recording. */
  isLast: boolean;
}

/**
 * Decodes recordings one after the other and embeds their grid patches in full batches across recordings. At most two batches of patches
 * and one decoded recording are in memory. Rows come in the order of the recordings, each exactly once, through `onRows`.
 * A broken recording is listed and skipped, or with `onError: 'fail'` ends the work with an error naming it.
 */
export async function embedRecordings({
  model,
  recordings,
  per,
  batchSize = 128,
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
  onError?: 'skip' | 'fail';
  salvage?: boolean;
  onRows: (rows: EmbeddingRows) => Promise<void>;
  onProgress?: (done: number, total: number, numRejected: number) => void;
  signal?: AbortSignal;
}): Promise<EmbedSummary> {
  const { patchFrames, patchHop, frontEnd } = model;
  const summary: EmbedSummary = { numEmbedded: 0, numRows: 0, rejected: [], warnings: [] };
  const patchSize = patchFrames * frontEnd.nMels;
  let pending: Pending[] = [];
  let numPending = 0;
  let sums: Float64Array | undefined;
  let times: number[] = [];

  const flush = async () => {
    if (numPending === 0) return;
    const values = new Float32Array(numPending * patchSize);
    let at = 0;
    for (const { patches } of pending) {
      values.set(patches, at);
      at += patches.length;
    }
    const batch = tf.tidy(() => model.embedPatches(tf.tensor3d(values, [numPending, patchFrames, frontEnd.nMels])));
    const h = await batch.data<'float32'>();
    const dim = batch.shape[1];
    batch.dispose();
    const rows: EmbeddingRows = { h, dim, ids: [], timestamps: [] };
    const means: number[] = [];
    let row = 0;
    for (const { id, startsMs, isLast } of pending) {
      for (const ms of startsMs) {
        const values = h.subarray(row * dim, (row + 1) * dim);
        if (!values.every(Number.isFinite))
          throw new AudiosslError(`embed: ${id}: the embedding must be finite; the weights of the model are broken`);
        if (per === 'patch') {
          rows.ids.push(id);
          rows.timestamps.push(ms);
        } else {
          sums ??= new Float64Array(dim);
          for (let i = 0; i < dim; i++) sums[i] += values[i];
          times.push(ms);
        }
        row++;
      }
      if (per === 'clip' && isLast) {
        const n = times.length;
        for (const sum of sums as Float64Array) means.push(sum / n);
        rows.ids.push(id);
        rows.timestamps.push((times[0] + times[n - 1]) / 2);
        sums = undefined;
        times = [];
      }
    }
    pending = [];
    numPending = 0;
    summary.numRows += rows.ids.length;
    if (rows.ids.length > 0) await onRows(per === 'patch' ? rows : { ...rows, h: Float32Array.from(means) });
    await new Promise(setImmediate);
  };

  for (let i = 0; i < recordings.length; i++) {
    signal?.throwIfAborted();
    const { id, path } = recordings[i];
    const features = await readFeatures(path, model, salvage).catch((error: unknown) => {
      if (onError === 'fail' || !(error instanceof AudiosslError)) throw error;
      summary.rejected.push({ id, reason: errorText(error) });
      return undefined;
    });
    if (features) {
      for (const warning of features.warnings) summary.warnings.push({ id, warning });
      const starts = gridStarts(features.logMel.numFrames, patchFrames, patchHop);
      for (let first = 0; first < starts.length; ) {
        const some = starts.slice(first, first + batchSize - numPending);
        first += some.length;
        const startsMs = some.map((start) => patchCentreMs(start, patchFrames, frontEnd));
        pending.push({ id, patches: cutPatches(features.logMel, some, patchFrames), startsMs, isLast: first === starts.length });
        numPending += some.length;
        if (numPending === batchSize) await flush();
      }
      summary.numEmbedded++;
    }
    onProgress?.(i + 1, recordings.length, summary.rejected.length);
  }
  await flush();
  return summary;
}

/** Patches `[starts.length, patchFrames, nMels]` copied out of a log-mel. */
export function cutPatches({ data, nMels }: LogMel, starts: readonly number[], patchFrames: number): Float32Array {
  const size = patchFrames * nMels;
  const out = new Float32Array(starts.length * size);
  for (let i = 0; i < starts.length; i++) out.set(data.subarray(starts[i] * nMels, starts[i] * nMels + size), i * size);
  return out;
}

async function readFeatures(
  path: string,
  { frontEnd, patchFrames }: Model,
  salvage: boolean,
): Promise<{ logMel: LogMel; warnings: string[] }> {
  const decoded = await readAudio(path, { salvage });
  const logMel = clipLogMel(decoded, frontEnd);
  if (logMel.numFrames < patchFrames) {
    throw new AudiosslError(`embed: ${path}: has ${logMel.numFrames} frames, the model needs ${patchFrames}; the recording is too short`);
  }
  return { logMel, warnings: decoded.warnings };
}
