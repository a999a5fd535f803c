import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis';
import { checkSampleRate, type DecodeContext, decodeError } from './decodedAudio.js';
import { decoderPool } from './decoderPool.js';
import { type OggCodec, type OggCodecKind, packetStartsWith } from './oggCodec.js';
import { quietly } from './quietly.js';

const pool = decoderPool(() => new OggVorbisDecoder());

/** The decoder's own buffer. */
const maxPacketBytes = 2 ** 17;

type OggPages = Parameters<OggVorbisDecoder['decodeOggPages']>[0];
type DecodedPages = Awaited<ReturnType<OggVorbisDecoder['decodeOggPages']>>;

export const oggVorbis: OggCodecKind = { name: 'Vorbis', start: '\x01vorbis', open: openVorbis };

/** Vorbis by libvorbis. The pages' parser of the package is left out: it knows neither chains nor films beside the sound. */
async function openVorbis(firstPacket: Uint8Array, { file }: DecodeContext): Promise<OggCodec> {
  // Identification header: 0x01 "vorbis", version (4 bytes), channels (1), rate (4).
  if (firstPacket.length < 30)
    throw decodeError(file, 'Ogg Vorbis without its identification header; the file is cut off, get a whole copy');
  const numChannels = firstPacket[11];
  const sampleRate = new DataView(firstPacket.buffer, firstPacket.byteOffset).getUint32(12, true);
  checkSampleRate(file, sampleRate);
  const decoder = await pool.take();
  const errors: string[] = [];
  /** Its public entry for pages that are parsed already; of a page it reads the packets (`codecFrames`) and the setup header. */
  const decodePages = async (pages: object[]): Promise<DecodedPages> => {
    const { result, printed } = quietly(() => decoder.decodeOggPages(pages as OggPages));
    const decoded = await result;
    errors.push(...decoded.errors.map(({ message }) => message), ...printed);
    return decoded;
  };
  let headers: readonly Uint8Array[] = [];
  let isSetUp = false;
  return {
    sampleRate,
    numChannels,
    format: 'Ogg Vorbis',
    numHeaders: 3,
    preSkip: 0,
    errors,
    async start(given) {
      headers = given;
      const setup = headers[2];
      if (!packetStartsWith(setup, '\x05vorbis') || setup.length > maxPacketBytes)
        throw decodeError(file, 'Ogg Vorbis: the third packet is no setup header; the file is broken, get a whole copy');
    },
    async decode(packets) {
      if (packets.some((packet) => packet.length > maxPacketBytes))
        throw decodeError(file, 'Ogg Vorbis: a packet is longer than 128 kB; the file is broken, get a whole copy');
      // Both headers go with the first packets: of a call without any the decoder returns as many empty channels as a place in its memory
      // happens to say that nothing was written to yet, tens of thousands (findings/ogg-vorbis-channels-before-sound.sh).
      const identification = isSetUp ? [] : [{ data: headers[0], codecFrames: [] }];
      const header = { vorbisSetup: headers[2] };
      isSetUp = true;
      const decoded = await decodePages([
        ...identification,
        { data: new Uint8Array(1), codecFrames: packets.map((data) => ({ data, header })) },
      ]);
      if (decoded.samplesDecoded === 0) return undefined;
      if (decoded.sampleRate !== sampleRate || decoded.channelData.length !== numChannels)
        throw decodeError(
          file,
          `Ogg Vorbis: the header says ${sampleRate} Hz and ${numChannels} channels, the decoder ${decoded.sampleRate} and ${decoded.channelData.length}; the file is broken`,
        );
      return decoded.channelData;
    },
    async release() {
      await decoder.reset();
      pool.giveBack(decoder);
    },
  };
}
