import { createHash } from 'node:crypto';
import { FLACDecoder } from '@wasm-audio-decoders/flac';
import { checkSampleRate, convertLine, type DecodeContext, type DecodedAudio, decodeError, reportDamage } from './decodedAudio.js';
import { decoderPool } from './decoderPool.js';
import { quietly } from './quietly.js';

interface StreamInfo {
  sampleRate: number;
  channels: number;
  bits: number;
  /** Samples a channel; 0 = unknown. */
  totalSamples: number;
  /** Of the unpacked samples; all zeros = unknown. */
  md5: string;
}

/** More than this many samples in all is refused: 4 GiB as float32. */
const maxTotalSamples = 2 ** 30;

const withDecoder = decoderPool(() => new FLACDecoder());

/**
 * Decodes FLAC. Damage: fewer samples than STREAMINFO promises, an error of libFLAC, or, with the right count, samples
 * whose MD5 is not STREAMINFO's.
 */
export async function decodeFlac(bytes: Uint8Array, context: DecodeContext): Promise<DecodedAudio> {
  const { file, warnings } = context;
  const info = readStreamInfo(bytes, file);
  checkSampleRate(file, info.sampleRate);
  if (info.totalSamples * info.channels > maxTotalSamples)
    throw decodeError(
      file,
      `FLAC promises ${info.totalSamples} samples in ${info.channels} channels, more than fit in memory; cut the recording`,
    );
  const { decoded, printed } = await withDecoder(async (decoder) => {
    const { result, printed } = quietly(() => decoder.decodeFile(bytes));
    return { decoded: await result, printed };
  });
  const { channelData, samplesDecoded, sampleRate, errors } = decoded;
  if (samplesDecoded === 0) throw decodeError(file, `FLAC: 0 samples were decoded${promise(info)}; the file is broken, get a whole copy`);
  if (sampleRate !== info.sampleRate || channelData.length !== info.channels)
    throw decodeError(
      file,
      `FLAC: STREAMINFO says ${info.sampleRate} Hz and ${info.channels} channels, the frames ${sampleRate} and ${channelData.length}; ${convertLine(file)}`,
    );
  for (const channel of channelData) rescale(channel, info.bits);
  if (info.totalSamples > 0 && samplesDecoded !== info.totalSamples)
    reportDamage(context, `damaged: ${samplesDecoded} samples were decoded, FLAC STREAMINFO promises ${info.totalSamples}`);
  else if (errors.length > 0 || printed.length > 0)
    reportDamage(
      context,
      `damaged: ${samplesDecoded} samples were decoded${promise(info)}, with the error "${errors[0]?.message ?? printed[0]}"`,
    );
  else if (!/^0*$/.test(info.md5) && info.bits <= 24 && md5OfSamples(channelData, info.bits) !== info.md5)
    reportDamage(
      context,
      `damaged: ${samplesDecoded} samples were decoded${promise(info)}, but their MD5 is not the one that FLAC STREAMINFO gives`,
    );
  return { sampleRate, channels: channelData, numFrames: samplesDecoded, format: `FLAC, ${info.bits}-bit`, warnings };
}

const promise = ({ totalSamples }: StreamInfo) => (totalSamples > 0 ? ` of ${totalSamples} promised` : '');

function readStreamInfo(bytes: Uint8Array, file: string): StreamInfo {
  // "fLaC", block header (type 0, length 34), block sizes 4, frame sizes 6, then 20 bits rate, 3 channels, 5 bits, 36 samples.
  if (bytes.length < 42 || (bytes[4] & 0x7f) !== 0)
    throw decodeError(file, 'FLAC without its STREAMINFO block; the file is cut off or broken, get a whole copy');
  return {
    sampleRate: (bytes[18] << 12) | (bytes[19] << 4) | (bytes[20] >> 4),
    channels: ((bytes[20] >> 1) & 7) + 1,
    bits: (((bytes[20] & 1) << 4) | (bytes[21] >> 4)) + 1,
    totalSamples: (bytes[21] & 15) * 2 ** 32 + bytes[22] * 2 ** 24 + ((bytes[23] << 16) | (bytes[24] << 8) | bytes[25]),
    md5: Buffer.from(bytes.subarray(26, 42)).toString('hex'),
  };
}

/** The decoder divides by 2^(bits - 1) - 1; here, as for WAV, by 2^(bits - 1). Up to 24 bits the integers come back exactly. */
function rescale(channel: Float32Array, bits: number): void {
  const scale = 2 ** (bits - 1);
  if (bits > 24) for (let i = 0; i < channel.length; i++) channel[i] *= (scale - 1) / scale;
  else for (let i = 0; i < channel.length; i++) channel[i] = Math.round(channel[i] * (scale - 1)) / scale;
}

/** MD5 of the interleaved little-endian integers, each in whole bytes, as FLAC defines it. */
function md5OfSamples(channels: Float32Array[], bits: number): string {
  const hash = createHash('md5');
  const sampleBytes = Math.ceil(bits / 8);
  const scale = 2 ** (bits - 1);
  const numFrames = channels[0].length;
  const blockFrames = 16_384;
  const block = new Uint8Array(blockFrames * channels.length * sampleBytes);
  for (let start = 0; start < numFrames; start += blockFrames) {
    let at = 0;
    const end = Math.min(numFrames, start + blockFrames);
    for (let i = start; i < end; i++) {
      for (const channel of channels) {
        const value = channel[i] * scale;
        for (let byte = 0; byte < sampleBytes; byte++) block[at++] = value >> (8 * byte);
      }
    }
    hash.update(block.subarray(0, at));
  }
  return hash.digest('hex');
}
