import wavDecoder from 'wav-decoder';
import { errorText } from '../../util/errors.js';
import type { ByteSource } from './byteSource.js';
import { aLawTable, muLawTable } from './companding.js';
import { convertLine } from './convertLine.js';
import { type DecodeContext, decodeError } from './decodedAudio.js';
import { pcm16 } from './pcm16.js';
import { frameBytes, type PcmFormat } from './pcmFormat.js';

/** Bytes decoded at once. */
const blockBytes = 2 ** 19;
const headerBytes = 44;

/**
 * Decodes `numBytes` bytes of samples from byte `start` on, block by block. wav-decoder does the samples, behind a header of ours that
 * it understands, whatever box they came in; little-endian 16-bit PCM, what most recordings are, is read here. A NaN or infinity would spread to every frame through the clip's mean: such a file is
 * refused, or with salvage the sample is set to 0 and counted.
 */
export async function* pcmBlocks(
  source: ByteSource,
  start: number,
  numBytes: number,
  format: PcmFormat,
  context: DecodeContext,
): AsyncGenerator<Float32Array[], void> {
  const { file } = context;
  const size = frameBytes(format);
  const step = size * Math.max(1, Math.floor(blockBytes / size));
  let numFrames = 0;
  let numNotFinite = 0;
  for (let at = 0; at < numBytes; at += step) {
    const wanted = Math.min(step, numBytes - at);
    const raw = source.read(start + at, wanted);
    if (raw.length < wanted) throw decodeError(file, 'the file became shorter while it was read; try again when nothing writes to it');
    const channels = isPcm16(format) ? pcm16(raw, format.channels) : decodeBlock(cleanWav(raw, format), file);
    if (format.encoding === 'float') numNotFinite += mendNotFinite(channels, numFrames, context);
    numFrames += wanted / size;
    yield channels;
  }
  if (numNotFinite > 0)
    context.warnings.push(`${numNotFinite} ${numNotFinite === 1 ? 'sample was' : 'samples were'} NaN or infinite and set to 0`);
}

const isPcm16 = ({ encoding, sampleBytes, isBigEndian }: PcmFormat) => encoding === 'pcm' && sampleBytes === 2 && !isBigEndian;

function decodeBlock(clean: ArrayBuffer, file: string): Float32Array[] {
  try {
    // symmetric: PCM is divided by 2^(bits - 1) on both sides of 0, as everywhere else.
    return wavDecoder.decode.sync(clean, { symmetric: true }).channelData;
  } catch (error) {
    throw decodeError(file, `wav-decoder: ${errorText(error)}`, { cause: error });
  }
}

/**
 * A WAV file with a plain 44-byte header. Companded and 8-bit samples become 16-bit, 24-bit ones 32-bit: exact, and it
 * avoids wav-decoder's offset of half a step at 8 bits and its wrong sign of the lowest 24-bit value.
 */
function cleanWav(raw: Uint8Array, { encoding, channels, sampleRate, sampleBytes, isBigEndian, isSigned8 }: PcmFormat): ArrayBuffer {
  const outBytes = encoding === 'float' ? sampleBytes : sampleBytes <= 2 ? 2 : 4;
  const numSamples = raw.length / sampleBytes;
  const clean = new ArrayBuffer(headerBytes + numSamples * outBytes);
  const view = new DataView(clean);
  const text = (at: number, value: string) => {
    for (let i = 0; i < value.length; i++) view.setUint8(at + i, value.charCodeAt(i));
  };
  text(0, 'RIFF');
  view.setUint32(4, clean.byteLength - 8, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, encoding === 'float' ? 3 : 1, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * channels * outBytes, true);
  view.setUint16(32, channels * outBytes, true);
  view.setUint16(34, outBytes * 8, true);
  text(36, 'data');
  view.setUint32(40, numSamples * outBytes, true);

  if (sampleBytes === outBytes) {
    const out = new Uint8Array(clean, headerBytes);
    out.set(raw);
    if (isBigEndian) swap(out, sampleBytes);
  } else if (sampleBytes === 3) {
    const out = new Uint8Array(clean, headerBytes);
    const [low, high] = isBigEndian ? [2, 0] : [0, 2];
    for (let i = 0, from = 0; i < numSamples; i++, from += 3) {
      out[4 * i + 1] = raw[from + low];
      out[4 * i + 2] = raw[from + 1];
      out[4 * i + 3] = raw[from + high];
    }
  } else {
    const table = encoding === 'aLaw' ? aLawTable : encoding === 'muLaw' ? muLawTable : undefined;
    const flip = isSigned8 ? 0x80 : 0;
    for (let i = 0; i < numSamples; i++) {
      view.setInt16(headerBytes + 2 * i, table ? table[raw[i]] : ((raw[i] ^ flip) - 128) << 8, true);
    }
  }
  return clean;
}

/** Turns the bytes of each sample round. */
function swap(bytes: Uint8Array, sampleBytes: number): void {
  for (let first = 0; first < bytes.length; first += sampleBytes) {
    for (let i = first, j = first + sampleBytes - 1; i < j; i++, j--) {
      const byte = bytes[i];
      bytes[i] = bytes[j];
      bytes[j] = byte;
    }
  }
}

/** Throws at the first sample that is not finite, or with salvage sets each to 0; the number of them. */
function mendNotFinite(channels: Float32Array[], firstFrame: number, { file, salvage }: DecodeContext): number {
  let count = 0;
  channels.forEach((channel, c) => {
    for (let i = 0; i < channel.length; i++) {
      if (Number.isFinite(channel[i])) continue;
      if (!salvage)
        throw decodeError(
          file,
          `sample ${firstFrame + i} of channel ${c} must be finite, got ${channel[i]}; pass salvage (--salvage) to set such samples to 0, or ${convertLine(file)}`,
        );
      channel[i] = 0;
      count++;
    }
  });
  return count;
}
