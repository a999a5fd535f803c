import { ClipLevel, normaliseTo } from './ClipLevel.js';
import { clipLogMel } from './clipLogMel.js';
import type { FrontEnd } from './frontEndPresets.js';
import { LogMelStream } from './LogMelStream.js';
import { liftToTop } from './logMel.js';
import { mixDown } from './mixDown.js';
import { ResampleStream } from './resample.js';

/** A recording that can be decoded block by block, again and again. */
export interface ClipBlocks {
  /** Hz */
  sampleRate: number;
  /** From its start on, [channels][n] a block. */
  blocks(): AsyncIterable<readonly Float32Array[]>;
}

/** What is made in one piece, of recordings that are kept: 45 s at the default rate. */
const WHOLE_SAMPLES = 1_000_000;

/**
 * clipLogMel of a recording of any length, [n, nMels] a piece: together the bits that clipLogMel gives for the whole, in memory bounded by
 * the blocks, `minSeconds` and `keptSamples`. What has at most so many samples at the front end's rate is kept and decoded once; a longer
 * recording is decoded twice where its level is needed first (`normalise`), and once more with `topDecibels`.
 *
 * @example
 * ```ts
 * import { openRecording, resolveFrontEnd, streamClipLogMel } from 'audiossl';
 * const recording = await openRecording('data/esc10/audio/2-71162-A.ogg');
 * let numValues = 0;
 * for await (const piece of streamClipLogMel(recording, resolveFrontEnd())) numValues += piece.length;
 * recording.close();
 * numValues / 96; // => 502
 * ```
 */
export async function* streamClipLogMel(
  clip: ClipBlocks,
  frontEnd: FrontEnd,
  { keptSamples = 10_000_000 }: { keptSamples?: number } = {},
): AsyncGenerator<Float32Array, void> {
  const { normalise, headRoom, topDecibels } = frontEnd;
  const level = new ClipLevel();
  // A short clip is filled up from its own beginning, so that it is kept at any rate; of a long one only the level is wanted here.
  const minSamples = Math.round(frontEnd.minSeconds * frontEnd.sampleRate);
  const maxKept = Math.max(keptSamples, minSamples);
  let kept: Float32Array[] = [];
  for await (const samples of resampled(clip, frontEnd)) {
    level.add(samples);
    if (level.numSamples <= maxKept) {
      kept.push(samples);
      continue;
    }
    kept = [];
    if (!normalise) break;
  }
  if (level.numSamples <= Math.max(minSamples, Math.min(keptSamples, WHOLE_SAMPLES))) {
    yield clipLogMel({ channels: [joined(kept)], sampleRate: frontEnd.sampleRate }, frontEnd).data;
    return;
  }
  const isKept = kept.length > 0;
  async function* frames(stream: LogMelStream, { isLast }: { isLast: boolean }): AsyncGenerator<Float32Array, void> {
    for await (const samples of isKept ? given(kept, { isLast }) : resampled(clip, frontEnd)) {
      const data = stream.push(normalise ? normaliseTo(level, samples, { headRoom }) : samples);
      if (data.length > 0) yield data;
    }
    const rest = stream.end();
    if (rest.length > 0) yield rest;
  }
  if (topDecibels === null) {
    yield* frames(new LogMelStream(frontEnd), { isLast: true });
    return;
  }
  const loudest = new LogMelStream(frontEnd);
  for await (const _ of frames(loudest, { isLast: false }));
  for await (const data of frames(new LogMelStream(frontEnd), { isLast: true })) {
    liftToTop(data, loudest.maximum, topDecibels);
    yield data;
  }
}

/** What is kept, and the last time each block is let go of as it is taken. */
function* given(blocks: Float32Array[], { isLast }: { isLast: boolean }): Generator<Float32Array, void> {
  if (!isLast) yield* blocks;
  else for (let block = blocks.shift(); block !== undefined; block = blocks.shift()) yield block;
}

/** Mono samples at the front end's rate, empty blocks left out. */
async function* resampled(clip: ClipBlocks, { sampleRate }: FrontEnd): AsyncGenerator<Float32Array, void> {
  const stream = new ResampleStream({ from: clip.sampleRate, to: sampleRate });
  for await (const channels of clip.blocks()) {
    const samples = stream.push(mixDown(channels));
    if (samples.length > 0) yield samples;
  }
  const rest = stream.end();
  if (rest.length > 0) yield rest;
}

function joined(blocks: readonly Float32Array[]): Float32Array {
  if (blocks.length === 1) return blocks[0];
  const out = new Float32Array(blocks.reduce((length, block) => length + block.length, 0));
  let at = 0;
  for (const block of blocks) {
    out.set(block, at);
    at += block.length;
  }
  return out;
}
