import { OpusDecoder } from 'opus-decoder';
import { type DecodeContext, decodeError } from './decodedAudio.js';
import type { OggCodec, OggCodecKind } from './oggCodec.js';
import { quietly } from './quietly.js';

export const oggOpus: OggCodecKind = { name: 'Opus', start: 'OpusHead', open: openOpus };

/** Samples that a packet holds at most (120 ms at 48 kHz), and bytes that the decoder takes for a channel. */
const maxPacketBytes = 3840;

/** Opus by libopus, always at 48 kHz, with the output gain of its header (RFC 7845). */
async function openOpus(firstPacket: Uint8Array, { file }: DecodeContext): Promise<OggCodec> {
  const view = new DataView(firstPacket.buffer, firstPacket.byteOffset, firstPacket.byteLength);
  const family = firstPacket[18];
  const numChannels = firstPacket[9];
  if (firstPacket.length < 19 || firstPacket[8] > 15 || numChannels === 0 || (family > 0 && firstPacket.length < 21 + numChannels))
    throw decodeError(file, 'Ogg Opus without a whole identification header; the file is cut off or broken, get a whole copy');
  if (family === 0 && numChannels > 2)
    throw decodeError(file, `Ogg Opus of mapping family 0 has 1 or 2 channels, got ${numChannels}; the file is broken`);
  const gain = 10 ** (view.getInt16(16, true) / (20 * 256));
  const decoder = new OpusDecoder({
    sampleRate: 48_000,
    channels: numChannels,
    ...(family > 0 && {
      streamCount: firstPacket[19],
      coupledStreamCount: firstPacket[20],
      channelMappingTable: [...firstPacket.subarray(21, 21 + numChannels)],
    }),
  });
  await decoder.ready;
  const errors: string[] = [];
  return {
    sampleRate: 48_000,
    numChannels,
    format: 'Ogg Opus',
    numHeaders: 2,
    preSkip: view.getUint16(10, true),
    errors,
    start: async () => {},
    async decode(packets) {
      const usable = packets.filter(({ length }) => length > 0 && length <= maxPacketBytes * numChannels);
      if (usable.length < packets.length) errors.push('a packet is empty or too long');
      const { result, printed } = quietly(() => decoder.decodeFrames(usable));
      errors.push(...(result.errors.length > 0 ? result.errors.map(({ message }) => message) : printed));
      if (result.samplesDecoded === 0) return undefined;
      if (gain !== 1) for (const channel of result.channelData) for (let i = 0; i < channel.length; i++) channel[i] *= gain;
      return result.channelData;
    },
    release: async () => decoder.free(),
  };
}
