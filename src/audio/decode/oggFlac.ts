import { checkSampleRate, type DecodeContext, decodeError } from './decodedAudio.js';
import { flacCheck } from './flac.js';
import { takeFlacDecoder } from './flacDecoder.js';
import { readFlacInfo } from './flacInfo.js';
import type { OggCodec, OggCodecKind } from './oggCodec.js';

export const oggFlac: OggCodecKind = { name: 'FLAC', start: '\x7fFLAC', open: openOggFlac };

/** FLAC in Ogg: a packet is a frame. */
async function openOggFlac(firstPacket: Uint8Array, context: DecodeContext): Promise<OggCodec> {
  // 0x7f "FLAC", version (2 bytes), number of header packets behind this one (2), "fLaC", STREAMINFO.
  if (firstPacket.length < 51)
    throw decodeError(context.file, 'FLAC in Ogg without its STREAMINFO block; the file is cut off, get a whole copy');
  const info = readFlacInfo(firstPacket.subarray(13), context.file);
  checkSampleRate(context.file, info.sampleRate);
  const decoder = await takeFlacDecoder(info, context);
  const check = flacCheck(info, context);
  return {
    sampleRate: info.sampleRate,
    numChannels: info.channels,
    format: `FLAC in Ogg, ${info.bits}-bit`,
    numHeaders: 1 + firstPacket[7] * 256 + firstPacket[8],
    preSkip: 0,
    errors: decoder.errors,
    start: async () => {},
    async decode(packets) {
      // Where the number of headers is not given (0), they stand among the packets; a frame starts with its sync code.
      const frames = packets.filter((packet) => packet[0] === 0xff);
      const channels = frames.length > 0 ? await decoder.decode(frames) : undefined;
      if (channels !== undefined) check.update(channels);
      return channels;
    },
    finish: () => check.finish({ errors: decoder.errors }),
    release: decoder.release,
  };
}
