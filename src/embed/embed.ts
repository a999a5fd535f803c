import { clipLogMel } from '../audio/clipLogMel.js';
import type { LogMel } from '../audio/logMel.js';
import type { Model } from '../model/loadModel.js';
import { AudiosslError, UsageError } from '../util/errors.js';
import { createEmbeddingRowMaker, type EmbeddingRows } from './embeddingRows.js';
import { type EmbeddedPart, type EmbedSummary, embedRecordings } from './embedRecordings.js';
import { findRecordings } from './findRecordings.js';
import type { RowKind } from './recordingPatches.js';

/** Sound in memory: from a microphone, an upload, another decoder. */
export interface Sound {
  /** Mono, in [-1, 1]. Read before the call returns its promise's first turn; must not change until it is done. */
  samples: Float32Array;
  /** Hz; resampled to the model's where it differs. */
  sampleRate: number;
  /** Name of its rows; default: its place, '0', '1' ... */
  id?: string;
}

type EmbedOptions = {
  model: Model;
  /** What a row is: a recording (mean of h over its grid patches), a patch, or a window of seconds. */
  per?: RowKind;
} & Pick<Parameters<typeof embedRecordings>[0], 'batchSize' | 'numWorkers' | 'onError' | 'salvage' | 'channel' | 'onProgress' | 'signal'> &
  ({ paths: readonly string[] } | { sounds: readonly Sound[] });

/**
 * Embeds recordings or sounds into memory: rows in their order, one a recording, a patch or a window, and which recordings were left out.
 * Any number of calls may be under way at once, with one model or several.
 *
 *     const { h, dim, ids } = await embed({ model: await loadModel('runs/acl'), paths: ['recordings'] });
 *     const { h } = await embed({ model, sounds: [{ samples, sampleRate: 48000 }] });
 *
 * `paths` are files, folders and manifests, decoded on worker threads; sounds are computed on the calling thread, which suits short ones.
 * `embedToFile` writes rows as they come, where there are too many. Throws UsageError for samples that are no Float32Array, AudiosslError
 * for a sound of no samples or of some that are not finite.
 *
 * @example
 * ```ts
 * import { embed, loadModel } from 'audiossl';
 * const model = await loadModel(); // the encoder that comes with the package
 * const samples = Float32Array.from({ length: 48_000 }, (_, i) => Math.sin(i / 20));
 * const { h, dim, ids } = await embed({ model, sounds: [{ samples, sampleRate: 48_000, id: 'tone' }] });
 * [h.length, dim, ids]; // => [768, 768, ['tone']]
 * ```
 */
export async function embed({ per = 'clip', ...options }: EmbedOptions): Promise<EmbeddingRows & EmbedSummary> {
  const parts: EmbeddingRows[] = [];
  const onPart = async ({ rows }: EmbeddedPart) => void parts.push(rows);
  const numRows = () => parts.reduce((sum, { ids }) => sum + ids.length, 0);
  const summary =
    'sounds' in options
      ? await embedSounds({ ...options, per, onPart })
      : await embedRecordings({
          ...options,
          recordings: await findRecordings(options.paths),
          per,
          onPart,
        });
  const dim = options.model.encoder.embeddingSize;
  const h = new Float32Array(numRows() * dim);
  let at = 0;
  for (const part of parts) {
    h.set(part.h, at);
    at += part.h.length;
  }
  return { ...summary, h, dim, ids: parts.flatMap(({ ids }) => ids), timestamps: parts.flatMap(({ timestamps }) => timestamps) };
}

async function embedSounds({
  model,
  sounds,
  per,
  batchSize = 128,
  onError = 'fail',
  onPart,
  onProgress,
  signal,
}: Omit<EmbedOptions, 'per'> & {
  per: RowKind;
  sounds: readonly Sound[];
  onPart: (part: EmbeddedPart) => Promise<void>;
}): Promise<EmbedSummary> {
  const { frontEnd } = model;
  const summary: EmbedSummary = { numEmbedded: 0, numRows: 0, rejected: [], warnings: [], filled: [], encoderBusy: 0 };
  const names = sounds.map(({ id }, i) => id ?? String(i));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError(`embed: each sound must have an id of its own, got ${twice} twice`);
  const rowMaker = createEmbeddingRowMaker({
    ...{ model, per, batchSize },
    async onRows(rows) {
      summary.numRows += rows.ids.length;
      await onPart({ rows, completed: [] });
    },
  });
  const start = performance.now();
  for (const [i, { samples, sampleRate }] of sounds.entries()) {
    signal?.throwIfAborted();
    const id = names[i];
    const { logMel, reason } = logMelOf(samples, sampleRate);
    if (logMel === undefined) {
      if (onError === 'fail') throw new AudiosslError(`embed: sound ${id}: ${reason}`);
      summary.rejected.push({ id, reason });
    } else {
      await rowMaker.push(id, logMel.data);
      await rowMaker.end(id);
      if (samples.length / sampleRate < frontEnd.minSeconds) summary.filled.push(id);
      summary.numEmbedded++;
    }
    onProgress?.(i + 1, sounds.length, summary.rejected.length);
  }
  await rowMaker.finish();
  summary.encoderBusy = rowMaker.encoderSeconds / ((performance.now() - start) / 1000);
  return summary;

  function logMelOf(
    samples: Float32Array,
    sampleRate: number,
  ): { logMel: LogMel; reason?: undefined } | { logMel?: undefined; reason: string } {
    if (!(samples instanceof Float32Array)) {
      throw new UsageError(`embed: samples must be a Float32Array in [-1, 1], got ${Object.prototype.toString.call(samples).slice(8, -1)}`);
    }
    if (!(sampleRate > 0 && Number.isFinite(sampleRate))) throw new UsageError(`embed: sampleRate must be in Hz, got ${sampleRate}`);
    if (samples.length === 0) return { reason: 'needs at least one sample, has none' };
    const strange = samples.findIndex((value) => !Number.isFinite(value));
    if (strange >= 0) return { reason: `samples must be finite, got ${samples[strange]} at ${strange}` };
    const logMel = clipLogMel({ channels: [samples], sampleRate }, frontEnd);
    if (logMel.numFrames >= model.patchFrames) return { logMel };
    return { reason: `has ${logMel.numFrames} frames, the model needs ${model.patchFrames}; the sound is too short` };
  }
}
