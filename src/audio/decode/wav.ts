import wavDecoder from 'wav-decoder';
import { errorText } from '../../util/errors.js';
import { aLawTable, muLawTable } from './companding.js';
import { checkSampleRate, convertLine, type DecodeContext, type DecodedAudio, decodeError } from './decodedAudio.js';
import { dataBytes, findWavChunks } from './riff.js';
import { readWavFormat, type WavFormat } from './wavFormat.js';

const headerBytes = 44;

/**
 * Decodes the RIFF/WAVE or RF64 file that starts at byte `offset`: 8 to 32-bit PCM, 32 and 64-bit float, A-law, mu-law.
 * wav-decoder does the samples, behind a header of ours that it understands.
 */
export function decodeWav(bytes: Uint8Array, offset: number, context: DecodeContext): DecodedAudio {
  const { file, warnings } = context;
  const { format: formatChunk, data } = findWavChunks(bytes, offset, context);
  const format = readWavFormat(bytes, formatChunk, context);
  checkSampleRate(file, format.sampleRate);
  const raw = dataBytes(bytes, data, format.channels * format.sampleBytes, context);
  if (raw.length === 0) throw decodeError(file, 'WAV chunk "data" holds 0 samples; delete the file or get a whole copy');
  const { channelData, sampleRate, length } = runWavDecoder(cleanWav(raw, format), file);
  if (format.encoding === 'float') checkFinite(channelData, file);
  return { sampleRate, channels: channelData, numFrames: length, format: `WAV, ${format.name}`, warnings };
}

function runWavDecoder(clean: ArrayBuffer, file: string) {
  try {
    // symmetric: PCM is divided by 2^(bits - 1) on both sides of 0, as everywhere else.
    return wavDecoder.decode.sync(clean, { symmetric: true });
  } catch (error) {
    throw decodeError(file, `wav-decoder: ${errorText(error)}`, { cause: error });
  }
}

/**
 * A WAV file with a plain 44-byte header. Companded and 8-bit samples become 16-bit, 24-bit ones 32-bit: exact, and it
 * avoids wav-decoder's offset of half a step at 8 bits and its wrong sign of the lowest 24-bit value.
 */
function cleanWav(raw: Uint8Array, { encoding, channels, sampleRate, sampleBytes }: WavFormat): ArrayBuffer {
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
    new Uint8Array(clean, headerBytes).set(raw);
  } else if (sampleBytes === 3) {
    const out = new Uint8Array(clean, headerBytes);
    for (let i = 0, from = 0; i < numSamples; i++) {
      out[4 * i + 1] = raw[from++];
      out[4 * i + 2] = raw[from++];
      out[4 * i + 3] = raw[from++];
    }
  } else {
    const table = encoding === 'aLaw' ? aLawTable : encoding === 'muLaw' ? muLawTable : undefined;
    for (let i = 0; i < numSamples; i++) view.setInt16(headerBytes + 2 * i, table ? table[raw[i]] : (raw[i] - 128) << 8, true);
  }
  return clean;
}

/** A NaN or infinity in a float file would spread to every frame through the clip's mean: the file is refused. */
function checkFinite(channels: Float32Array[], file: string): void {
  channels.forEach((channel, c) => {
    for (let i = 0; i < channel.length; i++) {
      if (!Number.isFinite(channel[i]))
        throw decodeError(
          file,
          `sample ${i} of channel ${c} must be finite, got ${channel[i]}; repair the recording or ${convertLine(file)}`,
        );
    }
  });
}
