import { flacFile } from '../audio/decode/flacFile.js';
import { chunk, formatChunk, id3v2, interleave, riff, sampleBytes } from './wavParts.js';

/** A recording as recorders, pipes and taggers leave it, and what is right. */
export interface OddRecording {
  name: string;
  bytes: Uint8Array;
  /** use = every sample; warn = used, and what is lost or doubtful is named; refuse = one line that says what to do. */
  must: 'use' | 'warn' | 'refuse';
  /** Samples a channel that are used. */
  numFrames?: number;
  /** Must stand in the warning or the refusal. */
  says?: string;
}

/** 440 Hz with a little noise. */
export function noisyTone(seconds: number, { sampleRate = 22_050, hertz = 440, peak = 0.5 } = {}): Float32Array {
  let state = 1;
  return Float32Array.from({ length: seconds * sampleRate }, (_, i) => {
    state = (Math.imul(1_664_525, state) + 1_013_904_223) >>> 0;
    return peak * Math.sin((2 * Math.PI * hertz * i) / sampleRate) + 0.02 * (state / 2 ** 32 - 0.5);
  });
}

const tone = noisyTone(1);
const sound = sampleBytes(tone);
const format = formatChunk();
const n = tone.length;
const neverFilled = 'never filled in';
const data = (size: number, bytes = sound) => chunk('data', bytes, size);
/** The sizes of a writer that could not go back, with `bits` and `channels`. */
const streamed = (size: number, { channels = 1, bits = 16 as 16 | 24, riffSize = undefined as number | undefined } = {}) =>
  riff([formatChunk({ channels, bits }), data(size, sampleBytes(interleave(Array.from({ length: channels }, () => tone)), bits))], {
    size: riffSize,
  });

/** Headers that promise a little too much, too little, or what cannot be true. */
const lengths: OddRecording[] = [
  { name: 'plus44.wav', bytes: riff([format, data(2 * n + 44)]), must: 'use', numFrames: n, says: '44 bytes more than the file holds' },
  { name: 'plus1sample.wav', bytes: riff([format, data(2 * n + 2)]), must: 'use', numFrames: n, says: '2 bytes more than' },
  // The RIFF size too counts the header twice.
  { name: 'plus44-both.wav', bytes: riff([format, data(2 * n + 44)], { size: 2 * n + 80 }), must: 'use', numFrames: n, says: '44 bytes' },
  {
    name: 'doubled.wav',
    bytes: riff([format, data(4 * n)]),
    must: 'warn',
    numFrames: n,
    says: '44100 samples a channel, the file holds 22050',
  },
  {
    name: 'cut-off.wav',
    bytes: riff([format, data(4 * n)], { size: 4 * n + 36 }),
    must: 'refuse',
    says: '44100 samples a channel, the file holds 22050',
  },
  { name: 'sox-pipe-24.wav', bytes: streamed(0x7fffefff, { bits: 24 }), must: 'use', numFrames: n, says: neverFilled },
  ...[3, 5, 6, 7].map(
    (channels): OddRecording => ({
      name: `sox-pipe-${channels}ch.wav`,
      bytes: streamed(0x7ffff000 - (0x7ffff000 % (2 * channels)), { channels }),
      must: 'use',
      numFrames: n,
      says: neverFilled,
    }),
  ),
  { name: 'int32max.wav', bytes: streamed(0x7fffffff, { riffSize: 0x7fffffff }), must: 'use', numFrames: n, says: neverFilled },
  { name: '2to31.wav', bytes: streamed(0x80000000), must: 'use', numFrames: n, says: neverFilled },
  { name: '2to32-header.wav', bytes: streamed(0xffffffff - 36), must: 'use', numFrames: n, says: neverFilled },
  { name: 'too-short.wav', bytes: riff([format, data(n)]), must: 'warn', numFrames: n, says: 'promises 11025 samples a channel' },
  // As long as the recorder's last look at its header.
  { name: 'too-short-both.wav', bytes: riff([format, data(n)], { size: n + 36 }), must: 'warn', numFrames: n, says: 'all 22050' },
  { name: 'zero-in-whole.wav', bytes: riff([format, data(0)]), must: 'warn', numFrames: n, says: 'all 22050' },
  // From silence to sound there is no common level; random bytes are none.
  {
    name: 'silence-then-sound.wav',
    bytes: riff([format, data(n, join(new Uint8Array(n), sound))]),
    must: 'warn',
    numFrames: 1.5 * n,
    says: 'all 33075',
  },
  {
    name: 'random-behind-silence.wav',
    bytes: riff([format, data(2 * n, join(new Uint8Array(2 * n), randomBytes(5000)))]),
    must: 'warn',
    numFrames: n,
    says: 'promises 22050 samples a channel, and 5000 bytes follow that are no chunk',
  },
  { name: 'zeros-behind.wav', bytes: riff([format, data(2 * n, join(sound, new Uint8Array(20_000)))]), must: 'use', numFrames: n },
  { name: 'rf64-32-bits.wav', bytes: rf64({ shortSize: n }), must: 'use', numFrames: n },
  { name: 'rf64-unfilled.wav', bytes: rf64({ shortSize: 0xffffffff, longSize: 0 }), must: 'use', numFrames: n, says: neverFilled },
];

function randomBytes(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(1_664_525, state) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

/** RF64 whose ds64 says `longSize`, whatever the data chunk's own 32 bits are. */
function rf64({ shortSize, longSize = 2 * n }: { shortSize: number; longSize?: number }): Uint8Array {
  const sizes = Buffer.alloc(28);
  sizes.writeBigUInt64LE(BigInt(longSize === 0 ? 0 : 2 * n + 72), 0);
  sizes.writeBigUInt64LE(BigInt(longSize), 8);
  return riff([chunk('ds64', sizes), format, data(shortSize)], { size: 0xffffffff, magic: 'RF64' });
}

const stereo = (left: Float32Array, right: Float32Array) =>
  riff([formatChunk({ channels: 2 }), chunk('data', sampleBytes(interleave([left, right])))]);
const floats = (index: number, value: number) => {
  const samples = tone.slice();
  samples[index] = value;
  return riff([formatChunk({ code: 3, bits: 32 }), chunk('data', sampleBytes(samples, 'float'))]);
};

/** Sound that a mean, a band or a single sample throws away. */
const unheard: OddRecording[] = [
  {
    name: 'opposite.wav',
    bytes: stereo(
      tone,
      tone.map((v) => -v),
    ),
    must: 'warn',
    numFrames: n,
    says: '--channel 1',
  },
  {
    name: 'nearly-opposite.wav',
    bytes: stereo(
      tone,
      tone.map((v) => -0.98 * v),
    ),
    must: 'warn',
    numFrames: n,
    says: '--channel 1',
  },
  {
    name: 'one-sided.wav',
    bytes: stereo(
      tone,
      tone.map(() => 0),
    ),
    must: 'use',
    numFrames: n,
  },
  {
    name: 'ultrasound.wav',
    bytes: riff([
      formatChunk({ sampleRate: 384_000 }),
      chunk('data', sampleBytes(noisyTone(0.25, { sampleRate: 384_000, hertz: 45_000 }))),
    ]),
    must: 'warn',
    numFrames: 96_000,
    says: 'frontEnd.sampleRate',
  },
  { name: 'spike-1e29.wav', bytes: floats(1000, 1e29), must: 'warn', numFrames: n, says: 'sample 1000 of channel 0 is 1e+29' },
  { name: 'over-range.wav', bytes: floats(1000, 2.5), must: 'use', numFrames: n },
  {
    name: 'nan.wav',
    bytes: floats(1000, Number.NaN),
    must: 'refuse',
    says: 'sample 1000 of channel 0 must be finite, got NaN; pass salvage',
  },
];

const integers = Array.from({ length: 1000 }, (_, i) => Math.round(9000 * Math.sin(i / 7)));
const flac = flacFile({ channels: [integers], bits: 16, sampleRate: 8000, blockSize: 256 });
const unknownTotal = flac.slice();
unknownTotal.fill(0, 22, 26);

const flacs: OddRecording[] = [
  { name: 'one-byte-behind.flac', bytes: join(flac, [0x78]), must: 'use', numFrames: 1000 },
  { name: 'id3v1-behind.flac', bytes: join(flac, Buffer.from('TAG'), new Uint8Array(125)), must: 'use', numFrames: 1000 },
  { name: 'zeros-behind.flac', bytes: join(flac, new Uint8Array(4096)), must: 'use', numFrames: 1000 },
  { name: 'random-behind.flac', bytes: join(flac, randomBytes(300)), must: 'use', numFrames: 1000 },
  { name: 'two-flacs.flac', bytes: join(flac, id3v2(20), flac), must: 'warn', numFrames: 1000, says: 'another one begins' },
  { name: 'id3v2-before.flac', bytes: join(id3v2(300), id3v2(20), flac), must: 'use', numFrames: 1000 },
  { name: 'cut.flac', bytes: flac.subarray(0, -100), must: 'warn', numFrames: 768, says: 'the last FLAC frame is not whole' },
  { name: 'cut-of-unknown-length.flac', bytes: unknownTotal.subarray(0, -100), must: 'warn', numFrames: 768, says: 'not whole' },
];

/** Silent MPEG 1 layer III frames: 32 kbit/s, 44.1 kHz, mono, 104 bytes each; a Xing tag in a frame of its own, which counts `tagged`. */
export function silentMp3(numFrames: number, tagged?: number): Uint8Array {
  const frame = () => {
    const bytes = Buffer.alloc(104);
    bytes.set([0xff, 0xfb, 0x10, 0xc0]);
    return bytes;
  };
  const frames = Array.from({ length: numFrames }, frame);
  if (tagged === undefined) return Buffer.concat(frames);
  // The tag is looked for in 144 bytes: a frame of 48 kbit/s holds it.
  const tag = Buffer.alloc(156);
  tag.set([0xff, 0xfb, 0x30, 0xc0]);
  tag.write('Xing', 21);
  tag.writeUInt32BE(1, 25);
  tag.writeUInt32BE(tagged, 29);
  return Buffer.concat([tag, ...frames]);
}

const mp3 = silentMp3(40);
const mp3Frames = 40 * 1152;
const mp3s: OddRecording[] = [
  { name: 'zeros-behind.mp3', bytes: join(mp3, new Uint8Array(2048)), must: 'use', numFrames: mp3Frames },
  { name: 'two-tags.mp3', bytes: join(id3v2(200), id3v2(200_000), mp3), must: 'use', numFrames: mp3Frames },
  { name: 'zeros-before.mp3', bytes: join(new Uint8Array(100_000), mp3), must: 'use', numFrames: mp3Frames },
  {
    name: 'id3v1-and-ape-behind.mp3',
    bytes: join(mp3, Buffer.from('APETAGEX'), new Uint8Array(80), Buffer.from('TAG'), new Uint8Array(125)),
    must: 'use',
    numFrames: mp3Frames,
  },
  { name: 'tag-between.mp3', bytes: join(mp3, id3v2(100_000), mp3), must: 'use', numFrames: 2 * mp3Frames },
  {
    name: 'junk-between.mp3',
    bytes: join(mp3, new Uint8Array(5000).fill(7), mp3),
    must: 'warn',
    numFrames: 2 * mp3Frames,
    says: '5000 bytes between MP3 frames',
  },
  {
    name: 'tag-counts-one-more.mp3',
    bytes: silentMp3(40, 41),
    must: 'use',
    // Where there is a tag, mpg123 drops its own delay.
    numFrames: mp3Frames - 529,
    says: 'promises 41 frames, 40 are there',
  },
  // 78 ms: less than a tenth of a second.
  { name: 'tag-counts-three-more.mp3', bytes: silentMp3(40, 43), must: 'use', numFrames: mp3Frames - 529, says: '43 frames, 40 are there' },
  { name: 'tag-counts-four-more.mp3', bytes: silentMp3(40, 44), must: 'refuse', says: '40 of 44 frames are there' },
  { name: 'half-of-the-frames.mp3', bytes: silentMp3(20, 40), must: 'refuse', says: '20 of 40 frames are there' },
  { name: 'cut.mp3', bytes: mp3.subarray(0, -50), must: 'warn', numFrames: 39 * 1152, says: 'the last MP3 frame is not whole' },
];

function join(...parts: (Uint8Array | number[])[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part))));
}

export const oddRecordings: readonly OddRecording[] = [...lengths, ...unheard, ...flacs, ...mp3s];
