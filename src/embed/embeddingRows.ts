import { standardiseClip } from '../data/clipLevels.js';
import type { Model } from '../model/loadModel.js';
import { concatFloats } from '../util/concatFloats.js';
import { AudiosslError } from '../util/errors.js';
import { embedBatch } from './embedClips.js';
import { giveBackMemory } from './giveBackMemory.js';
import { patchCentreMs } from './patchTimes.js';
import { type OpenRow, type PlannedPatch, RecordingPatches, type RowKind } from './recordingPatches.js';

/** Rows that are ready, in the order of the recordings. */
export interface EmbeddingRows {
  /** [ids.length, dim] row-major. */
  h: Float32Array;
  dim: number;
  ids: string[];
  /** Milliseconds: centre of the patch, or of all patches of the row. */
  timestamps: number[];
}

/** Rows, and what of their recordings they are made of. */
export interface PlacedRows extends EmbeddingRows {
  /** Seconds from the recording's start to where the row's first patch starts. */
  begins: number[];
  /** Seconds to where its last patch ends: up to a frame beyond the recording's own end. */
  ends: number[];
}

/** A recording whose rows are all there. */
export interface CompleteRecording {
  id: string;
  numPatches: number;
}

/** Takes log-mels in, piece by piece, hands rows out as soon as a batch is full. */
export interface EmbeddingRowMaker {
  /** The next frames of a recording, [n, nMels]. */
  push(id: string, frames: Float32Array): Promise<void>;
  /** The recording is whole; it had at least one patch's frames. */
  end(id: string): Promise<void>;
  /** Embeds what is left. */
  finish(): Promise<void>;
  /** Seconds that the backend was at work. */
  readonly encoderSeconds: number;
}

/** A recording whose rows are on their way. */
interface Current {
  id: string;
  patches: RecordingPatches;
  numPatches: number;
  isEnded: boolean;
  /** Log-mel that waits for the end of the recording, whose mean and deviation are not known before; of models that need them. */
  held: Float32Array[];
}

/**
 * Embeds the patches of recordings in full batches across them, at most one batch being kept. Rows come in the order of the recordings,
 * each exactly once, through `onRows`, which is awaited and told with them which recordings are complete. A matrix product may round by the
 * place of a row: with `patchesBefore` embedded elsewhere before, the first batch begins with zeros in their places, so that every patch
 * has the place that it would have had. Of a model that standardises every clip by itself, the log-mel of a whole recording is kept
 * until it ends. Throws AudiosslError naming the recording whose embedding is not finite.
 */
export function createEmbeddingRowMaker({
  model,
  per,
  batchSize,
  patchesBefore = 0,
  onRows,
}: {
  model: Model;
  per: RowKind;
  batchSize: number;
  patchesBefore?: number;
  onRows: (rows: PlacedRows, completed: CompleteRecording[]) => Promise<void>;
}): EmbeddingRowMaker {
  const { patchFrames, frontEnd } = model;
  const firstCentreMs = patchCentreMs(0, patchFrames, frontEnd);
  const patchMs = (1000 * patchFrames * frontEnd.hopLength) / frontEnd.sampleRate;
  const size = patchFrames * frontEnd.nMels;
  /** Patches of the next batch: one array for all batches, as the garbage of one each is looked at only when it is tens of megabytes. */
  let values = new Float32Array(0);
  const waiting: (Pick<PlannedPatch, 'rows'> & { id: string })[] = [];
  const recordings: Current[] = [];
  // Rows are counted when they are planned; here, how many of their patches are embedded.
  const embedded = new WeakMap<OpenRow, number>();
  let dim = model.encoder.embeddingSize;
  let encoderSeconds = 0;
  let numZeros = patchesBefore % batchSize;
  // What reading the model left.
  giveBackMemory();

  async function flush(): Promise<void> {
    const patches = waiting.splice(0);
    const numRows = numZeros + patches.length;
    const start = performance.now();
    const batch = embedBatch(model, values, numRows, frontEnd.nMels);
    let h: Float32Array;
    try {
      h = await batch.data<'float32'>();
    } finally {
      batch.dispose();
    }
    encoderSeconds += (performance.now() - start) / 1000;
    dim = batch.shape[1];
    patches.forEach(({ id, rows }, i) => {
      const value = h.subarray((numZeros + i) * dim, (numZeros + i + 1) * dim);
      if (!value.every(Number.isFinite))
        throw new AudiosslError(`embed: ${id}: the embedding must be finite; the weights of the model are broken`);
      for (const row of rows) {
        row.sum ??= new Float64Array(dim);
        for (let k = 0; k < dim; k++) row.sum[k] += value[k];
        embedded.set(row, (embedded.get(row) ?? 0) + 1);
      }
    });
    numZeros = 0;
    await handOut();
    giveBackMemory();
    await new Promise(setImmediate);
  }

  /** Rows that are whole, from the front. */
  async function handOut(): Promise<void> {
    const means: Float64Array[] = [];
    const rows: PlacedRows = { h: new Float32Array(0), dim, ids: [], timestamps: [], begins: [], ends: [] };
    const completed: CompleteRecording[] = [];
    while (recordings.length > 0) {
      const { id, patches, isEnded, numPatches } = recordings[0];
      const open = patches.rows;
      while (open.length > 0 && open[0].wanted !== undefined && embedded.get(open[0]) === open[0].wanted) {
        const row = open.shift() as OpenRow;
        embedded.delete(row);
        const { wanted = 1, firstMs, lastMs, sum } = row;
        means.push((sum as Float64Array).map((value) => value / wanted));
        rows.ids.push(id);
        rows.timestamps.push((firstMs + lastMs) / 2);
        rows.begins.push((firstMs - firstCentreMs) / 1000);
        rows.ends.push((lastMs - firstCentreMs + patchMs) / 1000);
      }
      if (open.length > 0 || !isEnded) break;
      completed.push({ id, numPatches });
      recordings.shift();
    }
    if (rows.ids.length === 0 && completed.length === 0) return;
    rows.h = new Float32Array(means.length * dim);
    means.forEach((mean, i) => {
      rows.h.set(mean, i * dim);
    });
    await onRows(rows, completed);
  }

  async function take(recording: Current, planned: Iterable<PlannedPatch>): Promise<void> {
    for (const patch of planned) {
      recording.numPatches++;
      const row = numZeros + waiting.length;
      if (values.length < (row + 1) * size) values = grown(values, size * Math.min(batchSize, Math.max(4, 2 * row)));
      values.set(patch.values, row * size);
      waiting.push({ rows: patch.rows, id: recording.id });
      if (numZeros + waiting.length === batchSize) await flush();
    }
  }

  function current(id: string): Current {
    const last = recordings[recordings.length - 1];
    if (last !== undefined && last.id === id && !last.isEnded) return last;
    const next: Current = { id, patches: new RecordingPatches(model, per), numPatches: 0, isEnded: false, held: [] };
    recordings.push(next);
    return next;
  }

  return {
    async push(id, frames) {
      const recording = current(id);
      if (model.isPerClip) {
        recording.held.push(frames);
        return;
      }
      await take(recording, recording.patches.push(frames));
    },
    async end(id) {
      const recording = current(id);
      if (model.isPerClip) {
        const whole = standardiseClip(concatFloats(recording.held.splice(0)), frontEnd.nMels);
        await take(recording, recording.patches.push(whole));
      }
      const rest = recording.patches.end();
      recording.isEnded = true;
      await take(recording, rest);
    },
    async finish() {
      if (waiting.length > 0) await flush();
    },
    get encoderSeconds() {
      return encoderSeconds;
    },
  };
}

function grown(values: Float32Array<ArrayBuffer>, length: number): Float32Array<ArrayBuffer> {
  const larger = new Float32Array(length);
  larger.set(values);
  return larger;
}
