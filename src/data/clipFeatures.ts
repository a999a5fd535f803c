import { stat } from 'node:fs/promises';
import type { FrontEnd } from '../audio/frontEnd.js';
import { mixDown } from '../audio/mixDown.js';
import { openRecording, type Recording } from '../audio/openRecording.js';
import { SoundCheck } from '../audio/SoundCheck.js';
import { type ClipBlocks, streamClipLogMel } from '../audio/streamClipLogMel.js';
import { collectGarbage } from '../util/collectGarbage.js';
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
  /** See streamClipLogMel. Default: its own, but 0 of files of more than 64 MiB, whose samples would hardly be fewer. */
  keptSamples?: number;
  /** Bytes of frames that go on in one piece, the default being some 100 s at the default front end; of what is longer a quarter at a time. */
  partBytes?: number;
}

const MOST_KEPT_BYTES = 2 ** 26;

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
    const part = new GrowingPart(partBytes);
    const kept = keptSamples ?? (size > MOST_KEPT_BYTES ? 0 : undefined);
    let numFrames = 0;
    const blocks = checked(collecting(recording), check, content);
    for await (const data of streamClipLogMel(blocks, frontEnd, { keptSamples: kept })) {
      const halves = dtype === 'float16' ? encodeFloat16(data) : undefined;
      addClipSums(sums, halves === undefined ? data : decodeFloat16(halves), nMels);
      // A sum is finite only if every value is.
      if (!sums.every(Number.isFinite)) throw new AudiosslError('log-mel: every value must be finite, got NaN or infinity');
      const { buffer, byteOffset, byteLength } = halves ?? data;
      if (part.numBytes > 0 && part.numBytes + byteLength > part.most) {
        part.most = partBytes / 4;
        await emit({ values: part.take() });
      }
      part.add(new Uint8Array(buffer, byteOffset, byteLength));
      numFrames += data.length / nMels;
    }
    return {
      numFrames,
      numSamples: check.numFrames,
      sampleRate: recording.sampleRate,
      sourceBytes: size,
      sourceMtimeMs: Math.floor(mtimeMs),
      values: part.take(),
      sums,
      warnings: [...recording.warnings, ...check.warnings()],
      contentHash: content.digest(),
    };
  } finally {
    recording.close();
  }
}

/** Decoded values between two looks for what is not used any more: 128 MiB, six minutes of stereo at 48 kHz. */
const VALUES_BETWEEN_LOOKS = 2 ** 25;
/** Of this thread. The first look comes early: what was there while it started is taken for long-lived. */
let valuesToLook = 2 ** 22;

/** The recording, of which blocks that are let go of do not stay in memory long, however many there are. */
function collecting({ sampleRate, blocks }: Recording): ClipBlocks {
  return {
    sampleRate,
    async *blocks() {
      for await (const block of blocks()) {
        valuesToLook -= block.length * block[0].length;
        yield block;
        if (valuesToLook > 0) continue;
        valuesToLook = VALUES_BETWEEN_LOOKS;
        collectGarbage();
      }
    },
  };
}

/** The recording's blocks, looked at by `check` and `content` the first time, and then to the end, whoever takes them. */
function checked(recording: ClipBlocks, check: SoundCheck, content: ContentHash): ClipBlocks {
  let isFirst = true;
  async function* first() {
    const blocks = recording.blocks()[Symbol.asyncIterator]();
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

/**
 * Frames until they are handed over. They are copied into one array as they come: pieces that waited for their part would outlive the young
 * generation of this thread's heap, whose old one is hardly ever looked through, as nearly nothing is in it but the names of their memory.
 */
class GrowingPart {
  numBytes = 0;
  private values: Uint8Array = new Uint8Array(0);

  constructor(public most: number) {}

  /** The taker must not change `bytes` afterwards: those that come alone are handed over as they are. */
  add(bytes: Uint8Array): void {
    const numBytes = this.numBytes + bytes.length;
    if (this.numBytes === 0) this.values = bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice();
    else {
      if (this.numBytes === this.values.length || numBytes > this.values.length) {
        const larger = new Uint8Array(Math.max(numBytes, this.most));
        larger.set(this.values.subarray(0, this.numBytes));
        this.values = larger;
      }
      this.values.set(bytes, this.numBytes);
    }
    this.numBytes = numBytes;
  }

  /** A view of an array that holds nothing else, and may be longer. */
  take(): Uint8Array {
    const taken = this.values.subarray(0, this.numBytes);
    this.values = new Uint8Array(0);
    this.numBytes = 0;
    return taken;
  }
}
