import type { ByteSource } from './byteSource.js';
import { aLawTable, muLawTable } from './companding.js';
import { type DecodeContext, smallLossSeconds } from './decodedAudio.js';
import { frameBytes, type PcmFormat } from './pcmFormat.js';

/** Samples looked at on either side of the place where the sound is said to end, and at some places further on. */
const numLooked = 4096;
const numPlaces = 4;
/** Sound goes on at about the level at which it stopped: within 18 dB, which random bytes (-5 dB of full scale) seldom are. */
const levelRatio = 8;
/** Neighbouring samples of sound differ by less than this share of its level, those of random bytes by 1.3 of it. */
const smoothness = 1;

/**
 * How many bytes of sound there are where a header promises `promised` and what stands behind them, to the end of the file, is no chunk.
 * That is how a header looks that was written while recording and not again at its end: what goes on like sound is used, with a warning.
 * More than a tenth of a second that may be sound and may not is left out, with a warning; zeros, tags and text are nothing.
 */
export function promisedAndStray(
  source: ByteSource,
  { start, promised, what }: { start: number; promised: number; what: string },
  format: PcmFormat,
  { warnings }: DecodeContext,
): number {
  const size = frameBytes(format);
  const available = source.size - start;
  const kind = judgeStray(source, start, promised, format);
  if (kind === 'nothing') return promised;
  const frames = (numBytes: number) => Math.floor(numBytes / size);
  if (kind === 'sound') {
    warnings.push(
      `${what} promises ${frames(promised)} samples a channel, but what follows is no chunk and goes on like sound: all ${frames(available)} to the end of the file were used`,
    );
    return available - (available % size);
  }
  warnings.push(
    `${what} promises ${frames(promised)} samples a channel, and ${available - promised} bytes follow that are no chunk and do not look like its sound: they were left out; if they are sound (${frames(available)} samples in all), mend the header`,
  );
  return promised;
}

function judgeStray(source: ByteSource, start: number, promised: number, format: PcmFormat): 'sound' | 'doubtful' | 'nothing' {
  const frame = frameBytes(format);
  const end = start + promised;
  if (source.size - end < smallLossSeconds * format.sampleRate * frame) return 'nothing';
  const head = source.read(end, 512);
  if (/^(ID3|TAG|APETAGEX|RIFF|<\?xml)/.test(String.fromCharCode(...head.subarray(0, 8)))) return 'nothing';
  if (head.every((byte) => (byte >= 32 && byte < 127) || (byte >= 9 && byte <= 13))) return 'nothing';
  // Where the next whole sample would stand.
  const first = start + Math.ceil(promised / frame) * frame;
  const numFrames = Math.floor((source.size - first) / frame);
  const behind = Array.from({ length: numPlaces }, (_, i) =>
    lookAt(source.read(first + Math.floor((i * numFrames) / numPlaces) * frame, numLooked * frame), format),
  );
  const loudest = behind.reduce((most, one) => (one.level > most.level ? one : most));
  if (loudest.level === 0) return 'nothing';
  const whole = promised - (promised % frame);
  const before = lookAt(source.read(start + Math.max(0, whole - numLooked * frame), Math.min(whole, numLooked * frame)), format).level;
  const goesOn = behind[0].level < levelRatio * before && before < levelRatio * behind[0].level;
  return goesOn || loudest.step < smoothness * loudest.level ? 'sound' : 'doubtful';
}

/** Mean of |x - mean x| over all samples, full scale being 1, and of the difference of neighbours in a channel. */
function lookAt(bytes: Uint8Array, format: PcmFormat): { level: number; step: number } {
  const { encoding, sampleBytes, isBigEndian, isSigned8, channels } = format;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const high = (at: number) =>
    view.getInt8(isBigEndian ? at : at + sampleBytes - 1) * 256 + view.getUint8(isBigEndian ? at + 1 : at + sampleBytes - 2);
  const sample = (i: number): number => {
    const at = i * sampleBytes;
    if (encoding === 'float') return sampleBytes === 4 ? view.getFloat32(at, !isBigEndian) : view.getFloat64(at, !isBigEndian);
    if (encoding !== 'pcm') return (encoding === 'aLaw' ? aLawTable : muLawTable)[bytes[at]] / 32_768;
    if (sampleBytes === 1) return ((bytes[at] ^ (isSigned8 ? 0x80 : 0)) - 128) / 128;
    return high(at) / 32_768;
  };
  const numSamples = Math.floor(bytes.length / (sampleBytes * channels)) * channels;
  if (numSamples === 0) return { level: 0, step: 0 };
  let sum = 0;
  for (let i = 0; i < numSamples; i++) sum += sample(i);
  const mean = sum / numSamples;
  let level = 0;
  let step = 0;
  for (let i = 0; i < numSamples; i++) {
    level += Math.abs(sample(i) - mean);
    if (i >= channels) step += Math.abs(sample(i) - sample(i - channels));
  }
  return { level: level / numSamples, step: step / numSamples };
}
