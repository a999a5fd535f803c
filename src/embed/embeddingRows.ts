import type { LogMel } from '../audio/logMel.js';
import { gridStarts } from '../data/samplers.js';
import type { Model } from '../model/loadModel.js';
import { AudiosslError } from '../util/errors.js';
import { cutPatches } from './cutPatches.js';
import { embedBatch } from './embedClips.js';
import { patchCentreMs } from './patchTimes.js';

/** Rows that are ready: one a recording or one a patch. */
export interface EmbeddingRows {
  /** [ids.length, dim] row-major. */
  h: Float32Array;
  dim: number;
  ids: string[];
  /** Milliseconds: centre of the patch, or of all patches of the recording. */
  timestamps: number[];
}

/** Takes log-mels in, hands rows out as soon as a batch is full. */
export interface EmbeddingRowMaker {
  add(id: string, logMel: LogMel): Promise<void>;
  /** Embeds what is left. */
  finish(): Promise<void>;
}

/** Patches of one recording that wait for their batch. */
interface Pending {
  id: string;
  patches: Float32Array;
  timesMs: number[];
  /** With them the recording is whole. */
  isLast: boolean;
}

/**
 * Embeds the grid patches of recordings in full batches across them, at most one batch being kept. Rows come in the order of the recordings,
 * each exactly once, through `onRows`, which is awaited. Throws AudiosslError naming the recording whose embedding is not finite.
 */
export function createEmbeddingRowMaker({
  model,
  per,
  batchSize,
  onRows,
}: {
  model: Model;
  /** One row a recording (mean of h over its grid patches) or one a patch. */
  per: 'clip' | 'patch';
  batchSize: number;
  onRows: (rows: EmbeddingRows) => Promise<void>;
}): EmbeddingRowMaker {
  const { patchFrames, patchHop, frontEnd } = model;
  let pending: Pending[] = [];
  let numPending = 0;
  // Of the recording that is not whole yet, for one row a recording.
  let sums: Float64Array | undefined;
  let times: number[] = [];

  function rowsOf(h: Float32Array, dim: number): EmbeddingRows {
    const rows: EmbeddingRows = { h, dim, ids: [], timestamps: [] };
    const means: number[] = [];
    let row = 0;
    for (const { id, timesMs, isLast } of pending) {
      for (const ms of timesMs) {
        const values = h.subarray(row * dim, (row + 1) * dim);
        row++;
        if (!values.every(Number.isFinite))
          throw new AudiosslError(`embed: ${id}: the embedding must be finite; the weights of the model are broken`);
        if (per === 'patch') {
          rows.ids.push(id);
          rows.timestamps.push(ms);
          continue;
        }
        sums ??= new Float64Array(dim);
        for (let i = 0; i < dim; i++) sums[i] += values[i];
        times.push(ms);
      }
      if (per === 'patch' || !isLast) continue;
      for (const sum of sums as Float64Array) means.push(sum / times.length);
      rows.ids.push(id);
      rows.timestamps.push((times[0] + times[times.length - 1]) / 2);
      sums = undefined;
      times = [];
    }
    return per === 'patch' ? rows : { ...rows, h: Float32Array.from(means) };
  }

  async function flush(): Promise<void> {
    const values = new Float32Array(numPending * patchFrames * frontEnd.nMels);
    let at = 0;
    for (const { patches } of pending) {
      values.set(patches, at);
      at += patches.length;
    }
    const batch = embedBatch(model, values, numPending, frontEnd.nMels);
    let h: Float32Array;
    try {
      h = await batch.data<'float32'>();
    } finally {
      batch.dispose();
    }
    const rows = rowsOf(h, batch.shape[1]);
    pending = [];
    numPending = 0;
    if (rows.ids.length > 0) await onRows(rows);
    await new Promise(setImmediate);
  }

  return {
    async add(id, logMel) {
      const starts = gridStarts(logMel.numFrames, patchFrames, patchHop);
      for (let first = 0; first < starts.length; ) {
        const some = starts.slice(first, first + batchSize - numPending);
        first += some.length;
        const timesMs = some.map((start) => patchCentreMs(start, patchFrames, frontEnd));
        pending.push({ id, patches: cutPatches(logMel, some, patchFrames), timesMs, isLast: first === starts.length });
        numPending += some.length;
        if (numPending === batchSize) await flush();
      }
    },
    async finish() {
      if (numPending > 0) await flush();
    },
  };
}
