import type { ByteSource } from './byteSource.js';
import { aLawTable, muLawTable } from './companding.js';
import { smallLossSeconds } from './decodedAudio.js';
import { frameBytes, type PcmFormat } from './pcmFormat.js';

/** Samples looked at on either side of the place where the data chunk is said to end. */
const numLooked = 4096;
/** Sound goes on at about the level at which it stopped: within 18 dB, which random bytes (-5 dB of full scale) seldom are. */
const levelRatio = 8;

/**
 * Whether the bytes behind a data chunk of `size` bytes at `start`, which are no chunk, go on as its sound: more than a tenth of a
 * second of them, no text, no tag, at the level of what stands before. That is how a header looks that was written while recording
 * and not again at its end.
 */
export function looksLikeSound(source: ByteSource, start: number, size: number, format: PcmFormat): boolean {
  const frame = frameBytes(format);
  const end = start + size;
  if (source.size - end < smallLossSeconds * format.sampleRate * frame) return false;
  const head = source.read(end, 512);
  if (/^(ID3|TAG|APETAGEX|RIFF|<\?xml)/.test(String.fromCharCode(...head.subarray(0, 8)))) return false;
  if (head.every((byte) => (byte >= 32 && byte < 127) || (byte >= 9 && byte <= 13))) return false;
  const behind = meanLevel(source.read(end, numLooked * frame), format);
  if (size < frame) return behind > 0;
  const whole = size - (size % frame);
  const before = meanLevel(source.read(start + Math.max(0, whole - numLooked * frame), Math.min(whole, numLooked * frame)), format);
  return behind > 0 && behind < levelRatio * before && before < levelRatio * behind;
}

/** Mean of |x - mean x| over all samples, full scale being 1. */
function meanLevel(bytes: Uint8Array, { encoding, sampleBytes, isBigEndian, isSigned8 }: PcmFormat): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const high = (at: number) =>
    view.getInt8(isBigEndian ? at : at + sampleBytes - 1) * 256 + view.getUint8(isBigEndian ? at + 1 : at + sampleBytes - 2);
  const sample = (at: number): number => {
    if (encoding === 'float') return sampleBytes === 4 ? view.getFloat32(at, !isBigEndian) : view.getFloat64(at, !isBigEndian);
    if (encoding !== 'pcm') return (encoding === 'aLaw' ? aLawTable : muLawTable)[bytes[at]] / 32_768;
    if (sampleBytes === 1) return ((bytes[at] ^ (isSigned8 ? 0x80 : 0)) - 128) / 128;
    return high(at) / 32_768;
  };
  const numSamples = Math.floor(bytes.length / sampleBytes);
  let sum = 0;
  for (let i = 0; i < numSamples; i++) sum += sample(i * sampleBytes);
  const mean = sum / numSamples;
  let level = 0;
  for (let i = 0; i < numSamples; i++) level += Math.abs(sample(i * sampleBytes) - mean);
  return level / numSamples;
}
