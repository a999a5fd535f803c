import { clipLogMel } from '../audio/clipLogMel.js';
import type { DecodedAudio } from '../audio/decode/decodedAudio.js';
import type { LogMel } from '../audio/logMel.js';
import { gridStarts } from '../data/samplers.js';
import { cutPatches } from '../embed/cutPatches.js';
import type { WebFacts } from '../export/web/webFacts.js';
import { AudiosslError } from '../util/errors.js';
import { classProbabilities } from './classProbabilities.js';
import { decodeSound } from './decodeSound.js';
import { type NearestSound, nearestSounds } from './nearestSounds.js';
import { fromBase64, loadPart, loadParts } from './parts.js';
import { startOnnx } from './startOnnx.js';

/** A longer sound would not fit beside its copies in a page's memory. */
const maxSeconds = 1200;
/** Patches that the page stands still for at a time. */
const patchesAtOnce = 4;

/** Samples, mono or by channel, or a file. */
export type WebSound = Blob | { samples: Float32Array | Float32Array[]; sampleRate: number };

export interface EmbeddedSound {
  /** [numFrames, nMels], what the encoder's patches are cut from. */
  logMel: LogMel;
  /** Mean over the patches, `[embeddingSize]`. */
  embedding: Float32Array;
  /** Of each class, where the page has a classifier: sums to 1. */
  probabilities?: Float32Array;
  /** As decoded. */
  sound: DecodedAudio & { seconds: number; isOurs: boolean };
  /** All samples are the same: there is nothing to hear. */
  isSilent: boolean;
  /** Shorter than the front end's `minSeconds`, and filled up to it. */
  isFilled: boolean;
}

export interface WebEncoder {
  facts: WebFacts;
  /**
   * Throws AudiosslError for what cannot be decoded, for samples that are not finite, and for a sound that is too short or longer than 20
   * minutes. `onProgress` gets the share that is done.
   */
  embed(sound: WebSound, options?: { signal?: AbortSignal; onProgress?: (share: number) => void }): Promise<EmbeddedSound>;
  /** The sounds of the page nearest to an embedding; none where it has no rows. */
  nearest(embedding: Float32Array, count?: number): NearestSound[];
}

/**
 * Loads what `audiossl export --format web` wrote.
 * @param base URL of its folder with a slash at the end; '' = the page's own
 * @param onProgress share of the download, 0 to 1
 */
export async function loadEncoder(base = '', { onProgress }: { onProgress?: (share: number) => void } = {}): Promise<WebEncoder> {
  const facts = JSON.parse(await loadPart(base, 'facts', 0)) as WebFacts;
  const { frontEnd, patchFrames, patchHop, embeddingSize, parts, rows, classifier } = facts;
  const total = parts.runtime.count + parts.wasm.count + parts.encoder.count + (rows?.parts.count ?? 0);
  let before = 0;
  const load = async (name: string, of: WebFacts['parts']['wasm']) => {
    const content = await loadParts(base, name, of, (share) => onProgress?.((before + share * of.count) / total));
    before += of.count;
    return content;
  };
  const runtime = await load('runtime', parts.runtime);
  const wasm = await load('wasm', parts.wasm);
  const encoder = await load('encoder', parts.encoder);
  const run = await startOnnx({ runtime, wasm, encoder }, { patchFrames, nMels: frontEnd.nMels });
  const values = rows && new Int16Array((await load('rows', rows.parts)).buffer);
  const weights = classifier && new Float32Array(fromBase64(classifier.weights).buffer);

  return {
    facts,
    async embed(given, { signal, onProgress: onShare } = {}) {
      const sound = await decoded(given);
      const { sampleRate, numFrames, channels } = sound;
      const seconds = numFrames / sampleRate;
      if (seconds > maxSeconds)
        throw new AudiosslError(
          `a page takes sounds of up to ${maxSeconds / 60} minutes, got ${(seconds / 60).toFixed(1)}; cut it, or use audiossl embed`,
        );
      const logMel = clipLogMel(sound, frontEnd);
      if (logMel.numFrames < patchFrames)
        throw new AudiosslError(`the sound has ${logMel.numFrames} frames, the model needs ${patchFrames}; it is too short`);
      const starts = gridStarts(logMel.numFrames, patchFrames, patchHop);
      const h = new Float32Array(starts.length * embeddingSize);
      for (let first = 0; first < starts.length; first += patchesAtOnce) {
        const some = starts.slice(first, first + patchesAtOnce);
        h.set(await run(cutPatches(logMel, some, patchFrames), some.length), first * embeddingSize);
        onShare?.((first + some.length) / starts.length);
        await new Promise((resolve) => setTimeout(resolve));
        signal?.throwIfAborted();
      }
      const embedding = meanRow(h, embeddingSize);
      if (!embedding.every(Number.isFinite)) throw new AudiosslError('the embedding is not finite; the weights are broken');
      return {
        ...{ logMel, embedding, sound: { ...sound, seconds } },
        ...(weights && { probabilities: classProbabilities(h, embeddingSize, weights) }),
        isSilent: channels.every((channel) => channel.every((value) => value === channel[0])),
        isFilled: seconds < frontEnd.minSeconds,
      };
    },
    nearest: (embedding, count = 10) => (rows && values ? nearestSounds(embedding, values, rows, count) : []),
  };
}

async function decoded(given: WebSound): Promise<DecodedAudio & { isOurs: boolean }> {
  if (given instanceof Blob) {
    const file = given instanceof File ? given.name : 'the sound';
    if (given.size === 0) throw new AudiosslError(`${file} is empty`);
    return decodeSound(new Uint8Array(await given.arrayBuffer()), file);
  }
  const { samples, sampleRate } = given;
  const channels = samples instanceof Float32Array ? [samples] : samples;
  const numFrames = channels[0]?.length ?? 0;
  if (numFrames === 0) throw new AudiosslError('the sound has no samples');
  return { channels, sampleRate, numFrames, format: 'samples', warnings: [], isOurs: true };
}

function meanRow(h: Float32Array, dim: number): Float32Array {
  const sums = new Float64Array(dim);
  for (let at = 0; at < h.length; at++) sums[at % dim] += h[at];
  return Float32Array.from(sums, (sum) => sum / (h.length / dim));
}
