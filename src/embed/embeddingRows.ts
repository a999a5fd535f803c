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

/** Takes log-mels in, piece by piece, hands rows out as soon as a batch is full. */
export interface EmbeddingRowMaker {
  /** The next frames of a recording, [n, nMels]. */
  push(id: string, frames: Float32Array): Promise<void>;
  /** The recording is whole; it had at least one patch's frames. */
  end(id: string): Promise<void>;
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

  /** Frames that patches to come may need, the first of them being frame `first` of the recording; the next patch starts at `next`. */
  let kept = new Float32Array(0);
  let first = 0;
  let next = 0;

  async function take(id: string, starts: readonly number[], isEnd: boolean): Promise<void> {
    const { nMels } = frontEnd;
    for (let done = 0; done < starts.length; ) {
      const some = starts.slice(done, done + batchSize - numPending);
      done += some.length;
      const timesMs = some.map((start) => patchCentreMs(start, patchFrames, frontEnd));
      const places = some.map((start) => start - first);
      const patches = cutPatches({ data: kept, numFrames: kept.length / nMels, nMels }, places, patchFrames);
      pending.push({ id, patches, timesMs, isLast: isEnd && done === starts.length });
      numPending += some.length;
      if (numPending === batchSize) await flush();
    }
  }

  return {
    async push(id, frames) {
      const { nMels } = frontEnd;
      const numFrames = first + (kept.length + frames.length) / nMels;
      // What neither the next patch nor, should the recording end here, the last one needs.
      const needed = Math.max(first, Math.min(next, numFrames - patchFrames));
      const rest = kept.subarray((needed - first) * nMels);
      kept = new Float32Array(rest.length + frames.length);
      kept.set(rest);
      kept.set(frames, rest.length);
      first = needed;
      // A patch that ends with the last frame so far waits: it may be the recording's last.
      const starts: number[] = [];
      for (; next + patchFrames < numFrames; next += patchHop) starts.push(next);
      await take(id, starts, false);
    },
    async end(id) {
      const last = first + kept.length / frontEnd.nMels - patchFrames;
      // Places of the grid before it were taken; it stands on the grid or is the last possible one.
      await take(id, [last], true);
      kept = new Float32Array(0);
      first = 0;
      next = 0;
    },
    async finish() {
      if (numPending > 0) await flush();
    },
  };
}
