import { FLACDecoder } from '@wasm-audio-decoders/flac';
import { convertLine } from './convertLine.js';
import { type DecodeContext, decodeError } from './decodedAudio.js';
import { decoderPool } from './decoderPool.js';
import type { FlacInfo } from './flacInfo.js';
import { quietly } from './quietly.js';

const pool = decoderPool(() => new FLACDecoder());

/** libFLAC on the frames of one stream. */
export interface FlacFrameDecoder {
  /** [channels][n], or undefined where no sample came out. */
  decode(frames: Uint8Array[]): Promise<Float32Array[] | undefined>;
  /** What libFLAC complained about. */
  readonly errors: string[];
  /** Makes the decoder free for the next file. */
  release(): Promise<void>;
}

export async function takeFlacDecoder(
  { bits, sampleRate: infoRate, channels }: FlacInfo,
  { file }: DecodeContext,
): Promise<FlacFrameDecoder> {
  const decoder = await pool.take();
  const errors: string[] = [];
  return {
    errors,
    async decode(frames) {
      const { result, printed } = quietly(() => decoder.decodeFrames(frames));
      const { channelData, samplesDecoded, sampleRate, errors: found } = await result;
      errors.push(...found.map(({ message }) => message), ...printed);
      if (samplesDecoded === 0) return undefined;
      if (sampleRate !== infoRate || channelData.length !== channels)
        throw decodeError(
          file,
          `FLAC: STREAMINFO says ${infoRate} Hz and ${channels} channels, the frames ${sampleRate} and ${channelData.length}; ${convertLine(file)}`,
        );
      for (const channel of channelData) rescale(channel, bits);
      return channelData;
    },
    async release() {
      await decoder.reset();
      pool.giveBack(decoder);
    },
  };
}

/** The decoder divides by 2^(bits - 1) - 1; here, as for WAV, by 2^(bits - 1). Up to 24 bits the integers come back exactly. */
function rescale(channel: Float32Array, bits: number): void {
  const scale = 2 ** (bits - 1);
  if (bits > 24) for (let i = 0; i < channel.length; i++) channel[i] *= (scale - 1) / scale;
  else for (let i = 0; i < channel.length; i++) channel[i] = Math.round(channel[i] * (scale - 1)) / scale;
}

/** Whether `frame` is one whole frame: libFLAC decodes it without a complaint. In a decoder of its own, which an error may spoil. */
export async function isWholeFrame(frame: Uint8Array): Promise<boolean> {
  const decoder = await pool.take();
  const { result, printed } = quietly(() => decoder.decodeFrames([frame]));
  const { samplesDecoded, errors } = await result;
  const isWhole = samplesDecoded > 0 && errors.length === 0 && printed.length === 0;
  await decoder.reset();
  pool.giveBack(decoder);
  return isWhole;
}
