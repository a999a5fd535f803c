import { availableParallelism } from 'node:os';
import type { ClipFeatures, FeaturesPart } from '../data/clipFeatures.js';
import { runInWorkers } from '../data/workerPool.js';
import type { Model } from '../model/loadModel.js';
import { AudiosslError } from '../util/errors.js';
import { runnableModule } from '../util/packageFile.js';
import { type CompleteRecording, createEmbeddingRowMaker, type PlacedRows } from './embeddingRows.js';
import type { RowKind } from './recordingPatches.js';

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
  /** Recordings shorter than the front end's `minSeconds`, which were filled up to it: their rows are of repeated sound, or of silence. */
  filled: string[];
  /** Share of the time in which the encoder was at work. */
  encoderBusy: number;
}

/** Rows, and the recordings that are complete with them. */
export interface EmbeddedPart {
  rows: PlacedRows;
  /** `seconds`: length of the recording. */
  completed: (CompleteRecording & { isFilled: boolean; warnings: string[]; seconds: number })[];
}

/** Jobs that a worker is given ahead: it must not run dry while this thread is inside the encoder for a second or two. */
const JOBS_AHEAD = 48;
const MOST_AHEAD = 128;

/** 128 take some 40 MiB more, 32 took a fifth more time: the largest filters are transformed for each batch. */
const DEFAULT_BATCH_SIZE = 64;

/** The front end is the model's. */
const BAND_ADVICE = 'take a model that was trained with a larger frontEnd.sampleRate and frontEnd.fMax';

/**
 * Embeds recordings: worker threads decode them and make their log-mels while this thread embeds the patches in full batches across
 * recordings. Memory is bounded by one batch of patches and 64 MiB of log-mels made ahead, of at most 128 recordings, however long
 * each is. Rows come in the order of the recordings, each exactly once, through `onPart`, the same ones whatever the number of workers. A broken recording is listed and skipped, or with `onError: 'fail'` ends the work with an error naming it.
 */
export async function embedRecordings({
  model,
  recordings,
  per,
  batchSize = DEFAULT_BATCH_SIZE,
  patchesBefore,
  numWorkers = Math.max(1, availableParallelism() - 1),
  onError = 'skip',
  salvage = false,
  channel,
  onPart,
  onRejected,
  onProgress,
  signal,
}: {
  model: Model;
  recordings: readonly Recording[];
  per: RowKind;
  batchSize?: number;
  /** Patches that an earlier run embedded. See createEmbeddingRowMaker. */
  patchesBefore?: number;
  /** Default: all cores but one, which embeds. */
  numWorkers?: number;
  onError?: 'skip' | 'fail';
  salvage?: boolean;
  /** Use this channel of every recording, 1 being the first; absent = the mean of all. */
  channel?: number;
  onPart: (part: EmbeddedPart) => Promise<void>;
  onRejected?: (id: string, reason: string) => Promise<void>;
  onProgress?: (done: number, total: number, numRejected: number) => void;
  signal?: AbortSignal;
}): Promise<EmbedSummary> {
  const { frontEnd, patchFrames } = model;
  const summary: EmbedSummary = { numEmbedded: 0, numRows: 0, rejected: [], warnings: [], filled: [], encoderBusy: 0 };
  /** Of recordings that are read and not complete. */
  const facts = new Map<string, Omit<EmbeddedPart['completed'][number], keyof CompleteRecording>>();
  const rowMaker = createEmbeddingRowMaker({
    ...{ model, per, batchSize, patchesBefore },
    async onRows(rows, completed) {
      summary.numRows += rows.ids.length;
      await onPart({ rows, completed: completed.map((one) => ({ ...one, ...known(one.id) })) });
      for (const { id } of completed) facts.delete(id);
    },
  });
  const known = (id: string) => facts.get(id) ?? { isFilled: false, warnings: [], seconds: 0 };
  /** Of a recording so long that it comes in parts some are embedded. */
  let isUnderWay = false;
  const start = performance.now();
  await runInWorkers<Recording, ClipFeatures, FeaturesPart>({
    url: runnableModule('data/clipWorker.js'),
    workerData: { kind: 'features', frontEnd, dtype: 'float32', salvage, channel, bandAdvice: BAND_ADVICE },
    numWorkers,
    jobs: recordings,
    jobsAhead: JOBS_AHEAD,
    // A batch takes no more recordings than patches: with so many ahead the next one is ready, and a kill does not repeat many.
    maxAhead: Math.max(MOST_AHEAD, batchSize, 2 * numWorkers),
    bytesOf: ({ values }) => values.buffer.byteLength,
    signal,
    async onPart(index, { values }) {
      isUnderWay = true;
      await rowMaker.push(recordings[index].id, frames(values));
    },
    async onOutcome(index, outcome) {
      const { id, path } = recordings[index];
      // Damage is found before the first part: this is a file that changed, or a worker that died.
      if ('error' in outcome && isUnderWay)
        throw new AudiosslError(`embed: ${path}: ${outcome.error}; it broke off in its middle, try again`);
      isUnderWay = false;
      const reason = 'error' in outcome ? outcome.error : tooShort(outcome.result, path, patchFrames);
      if (reason !== undefined) {
        if (onError === 'fail') throw new AudiosslError(reason.includes(path) ? reason : `embed: ${path}: ${reason}`);
        summary.rejected.push({ id, reason });
        await onRejected?.(id, reason);
      } else if ('result' in outcome) {
        const { values, numSamples, sampleRate, warnings } = outcome.result;
        const isFilled = numSamples / sampleRate < frontEnd.minSeconds;
        for (const warning of warnings) summary.warnings.push({ id, warning });
        if (isFilled) summary.filled.push(id);
        facts.set(id, { isFilled, warnings, seconds: numSamples / sampleRate });
        await rowMaker.push(id, frames(values));
        await rowMaker.end(id);
        summary.numEmbedded++;
      }
      onProgress?.(index + 1, recordings.length, summary.rejected.length);
    },
  });
  signal?.throwIfAborted();
  await rowMaker.finish();
  summary.encoderBusy = rowMaker.encoderSeconds / ((performance.now() - start) / 1000);
  return summary;
}

function tooShort({ numFrames }: ClipFeatures, path: string, patchFrames: number): string | undefined {
  if (numFrames >= patchFrames) return undefined;
  return `embed: ${path}: has ${numFrames} frames, the model needs ${patchFrames}; the recording is too short`;
}

function frames({ buffer, byteOffset, byteLength }: Uint8Array): Float32Array {
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}
