import { stat } from 'node:fs/promises';
import type { FrontEnd } from '../audio/frontEnd.js';
import { mixDown } from '../audio/mixDown.js';
import { openRecording, type Recording } from '../audio/openRecording.js';
import { SoundCheck } from '../audio/SoundCheck.js';
import { type ClipBlocks, streamClipLogMel } from '../audio/streamClipLogMel.js';
import { AudiosslError } from '../util/errors.js';
import { decodeFloat16, encodeFloat16 } from '../util/float16.js';
import { ContentHash } from './ContentHash.js';
import { addClipSums } from './clipStatistics.js';
import type { StoreDtype } from './storeFiles.js';

/** What one recording becomes. */
export interface ClipFeatures {
  numFrames: number;
  /** Samples a channel and rate in Hz of the recording itself. */
  numSamples: number;
  sampleRate: number;
  /** Size and time of change of the file, taken before it was read. */
  sourceBytes: number;
  sourceMtimeMs: number;
  /** [n, nMels] as they go into logmel.npy: the frames that no part before held. */
  values: Uint8Array;
  /** [2, nMels]: sum and sum of squares of all values as stored. */
  sums: Float64Array;
  warnings: string[];
  /** See ContentHash. */
  contentHash: string;
}

/** The next frames of a recording that is too long for one piece. */
export interface FeaturesPart {
  /** [n, nMels] as they go into logmel.npy. */
  values: Uint8Array;
}

export interface ClipFeaturesOptions {
  frontEnd: FrontEnd;
  dtype: StoreDtype;
  salvage: boolean;
  /** 1 = the first; absent = the mean of all. */
  channel?: number;
  /** See SoundCheck. */
  bandAdvice?: string;
  /** See streamClipLogMel. */
  keptSamples?: number;
  /** Bytes of frames that go on in one piece; the default is some 100 s at the default front end. */
  partBytes?: number;
}

/**
 * Decodes a file and makes its features, in memory that does not grow with its length: frames beyond the first few megabytes go to `emit`
 * as they are made. Damage is found before the first part is emitted. Throws AudiosslError for a file that cannot be used.
 */
export async function clipFeatures(
  path: string,
  { frontEnd, dtype, salvage, channel, bandAdvice, keptSamples, partBytes = 2 ** 22 }: ClipFeaturesOptions,
  emit: (part: FeaturesPart) => Promise<void>,
): Promise<ClipFeatures> {
  const { size, mtimeMs } = await stat(path);
  const recording = await openRecording(path, { salvage, channel });
  try {
    const { nMels } = frontEnd;
    const check = new SoundCheck(recording, frontEnd.fMax, bandAdvice);
    const content = new ContentHash(recording.sampleRate);
    const sums = new Float64Array(2 * nMels);
    let numFrames = 0;
    let pieces: Uint8Array[] = [];
    let numBytes = 0;
    for await (const data of streamClipLogMel(checked(recording, check, content), frontEnd, { keptSamples })) {
      const halves = dtype === 'float16' ? encodeFloat16(data) : undefined;
      addClipSums(sums, halves === undefined ? data : decodeFloat16(halves), nMels);
      // A sum is finite only if every value is.
      if (!sums.every(Number.isFinite)) throw new AudiosslError('log-mel: every value must be finite, got NaN or infinity');
      const { buffer, byteOffset, byteLength } = halves ?? data;
      if (numBytes > 0 && numBytes + byteLength > partBytes) {
        await emit({ values: joined(pieces, numBytes) });
        pieces = [];
        numBytes = 0;
      }
      pieces.push(new Uint8Array(buffer, byteOffset, byteLength));
      numBytes += byteLength;
      numFrames += data.length / nMels;
    }
    return {
      numFrames,
      numSamples: check.numFrames,
      sampleRate: recording.sampleRate,
      sourceBytes: size,
      sourceMtimeMs: Math.floor(mtimeMs),
      values: joined(pieces, numBytes),
      sums,
      warnings: [...recording.warnings, ...check.warnings()],
      contentHash: content.digest(),
    };
  } finally {
    recording.close();
  }
}

/** The recording's blocks, looked at by `check` and `content` the first time, and then to the end, whoever takes them. */
function checked(recording: Recording, check: SoundCheck, content: ContentHash): ClipBlocks {
  let isFirst = true;
  async function* first() {
    const blocks = recording.blocks();
    const next = async () => {
      const { value } = await blocks.next();
      if (value) {
        check.add(value, mixDown(value));
        content.add(value);
      }
      return value;
    };
    try {
      for (let block = await next(); block; block = await next()) yield block;
    } finally {
      // What is broken further on is to be known before any frame goes out.
      while (await next());
    }
  }
  return {
    sampleRate: recording.sampleRate,
    blocks() {
      if (!isFirst) return recording.blocks();
      isFirst = false;
      return first();
    },
  };
}

function joined(pieces: readonly Uint8Array[], numBytes: number): Uint8Array {
  if (pieces.length === 1 && pieces[0].byteLength === pieces[0].buffer.byteLength) return pieces[0];
  const out = new Uint8Array(numBytes);
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
