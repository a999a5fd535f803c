import { clipLogMel } from '../audio/clipLogMel.js';
import type { LogMel } from '../audio/logMel.js';
import { standardiseClip } from '../data/clipLevels.js';
import { gridStarts } from '../data/samplers.js';
import type { Model } from '../model/loadModel.js';
import { AudiosslError } from '../util/errors.js';
import { cutPatches } from './cutPatches.js';
import { embedBatch } from './embedClips.js';

/*
 * The two functions of the HEAR benchmark (hearbenchmark.com/hear-api.html) for our models. Audio is mono at the model's rate
 * (`model.frontEnd.sampleRate`), in [-1, 1]; nothing is resampled.
 */

/**
 * Embeddings of whole clips: the mean of h over the grid patches, `[n, dim]` row-major.
 *
 * @example
 * ```ts
 * import { getSceneEmbeddings, loadModel } from 'audiossl';
 * const audio = [Float32Array.from({ length: 22_050 }, (_, i) => Math.sin(i / 10))]; // at the model's rate
 * const { shape } = await getSceneEmbeddings(audio, await loadModel());
 * shape; // => [1, 768]
 * ```
 */
export async function getSceneEmbeddings(
  audio: readonly Float32Array[],
  model: Model,
  { batchSize = 128 } = {},
): Promise<{ data: Float32Array; shape: [number, number] }> {
  const dim = model.encoder.embeddingSize;
  const data = new Float32Array(audio.length * dim);
  for (let clip = 0; clip < audio.length; clip++) {
    const logMel = longEnough(features(audio[clip], model), model.patchFrames);
    const starts = gridStarts(logMel.numFrames, model.patchFrames, model.patchHop);
    const h = await embedStarts(logMel, starts, model, batchSize);
    for (let i = 0; i < dim; i++) {
      let sum = 0;
      for (let patch = 0; patch < starts.length; patch++) sum += h[patch * dim + i];
      data[clip * dim + i] = sum / starts.length;
    }
  }
  return { data, shape: [audio.length, dim] };
}

/**
 * Embeddings along time: patches centred at 0, hop, 2 hop ... ms up to the end of the clip, `[n, times, dim]` row-major, and their times
 * `[n, times]` in ms, computed from frame numbers so that they never drift. Beyond its ends the log-mel is mirrored.
 * @param audio clips of one length
 * @param hopMs rounded to whole frames; the times say to what
 *
 * @example
 * ```ts
 * import { getTimestampEmbeddings, loadModel } from 'audiossl';
 * const audio = [Float32Array.from({ length: 22_050 }, (_, i) => Math.sin(i / 10))]; // at the model's rate
 * const { shape, timestamps } = await getTimestampEmbeddings(audio, await loadModel(), { hopMs: 500 });
 * [shape, timestamps.length]; // => [[1, 3, 768], 3]
 * ```
 */
export async function getTimestampEmbeddings(
  audio: readonly Float32Array[],
  model: Model,
  { hopMs = 50, batchSize = 128 } = {},
): Promise<{ data: Float32Array; shape: [number, number, number]; timestamps: Float64Array }> {
  if (audio.some((clip) => clip.length !== audio[0].length))
    throw new AudiosslError('getTimestampEmbeddings: all clips must have one length; call it for each');
  const { frontEnd, patchFrames, encoder } = model;
  const dim = encoder.embeddingSize;
  const hop = Math.max(1, Math.round((hopMs * frontEnd.sampleRate) / 1000 / frontEnd.hopLength));
  const numTimes = audio.length === 0 ? 0 : 1 + Math.floor(audio[0].length / (hop * frontEnd.hopLength));
  const data = new Float32Array(audio.length * numTimes * dim);
  const starts = Array.from({ length: numTimes }, (_, i) => i * hop);
  for (let clip = 0; clip < audio.length; clip++) {
    const padded = mirrored(features(audio[clip], model), Math.floor(patchFrames / 2), starts[numTimes - 1] + patchFrames);
    data.set(await embedStarts(padded, starts, model, batchSize), clip * numTimes * dim);
  }
  const times = starts.map((start) => (1000 * start * frontEnd.hopLength) / frontEnd.sampleRate);
  return { data, shape: [audio.length, numTimes, dim], timestamps: Float64Array.from(audio.flatMap(() => times)) };
}

function features(samples: Float32Array, { frontEnd, isPerClip }: Model): LogMel {
  const logMel = clipLogMel({ channels: [samples], sampleRate: frontEnd.sampleRate }, frontEnd);
  if (isPerClip) standardiseClip(logMel.data, logMel.nMels);
  return logMel;
}

function longEnough(logMel: LogMel, patchFrames: number): LogMel {
  return logMel.numFrames >= patchFrames ? logMel : mirrored(logMel, 0, patchFrames);
}

/** `numFrames` frames from `before` frames ahead of the first one on; frames outside are mirrored at the ends, as often as needed. */
function mirrored({ data, numFrames, nMels }: LogMel, before: number, numOut: number): LogMel {
  const period = Math.max(1, 2 * (numFrames - 1));
  const out = new Float32Array(numOut * nMels);
  for (let i = 0; i < numOut; i++) {
    const at = (((i - before) % period) + period) % period;
    const frame = at < numFrames ? at : period - at;
    out.set(data.subarray(frame * nMels, (frame + 1) * nMels), i * nMels);
  }
  return { data: out, numFrames: numOut, nMels };
}

async function embedStarts(logMel: LogMel, starts: readonly number[], model: Model, batchSize: number): Promise<Float32Array> {
  const dim = model.encoder.embeddingSize;
  const out = new Float32Array(starts.length * dim);
  for (let first = 0; first < starts.length; first += batchSize) {
    const some = starts.slice(first, first + batchSize);
    const patches = cutPatches(logMel, some, model.patchFrames);
    const h = embedBatch(model, patches, some.length, logMel.nMels);
    try {
      out.set(await h.data<'float32'>(), first * dim);
    } finally {
      h.dispose();
    }
    await new Promise(setImmediate);
  }
  return out;
}
