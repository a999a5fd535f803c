import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis';
import { checkSampleRate, type DecodeContext, type DecodedAudio, decodeError, reportDamage } from './decodedAudio.js';
import { decoderPool } from './decoderPool.js';
import { readOggPages } from './oggPages.js';
import { quietly } from './quietly.js';

const withDecoder = decoderPool(() => new OggVorbisDecoder());

/** Decodes Ogg Vorbis. Damage: broken or missing pages (readOggPages), or fewer samples than the last page's granule. */
export async function decodeOggVorbis(bytes: Uint8Array, context: DecodeContext): Promise<DecodedAudio> {
  const { file, warnings } = context;
  const { lastGranule, firstPacket } = readOggPages(bytes, context);
  // Identification header: 0x01 "vorbis", version (4 bytes), channels (1), rate (4).
  if (firstPacket.length < 16)
    throw decodeError(file, 'Ogg Vorbis without its identification header; the file is cut off, get a whole copy');
  const numChannels = firstPacket[11];
  const headerRate = new DataView(firstPacket.buffer, firstPacket.byteOffset).getUint32(12, true);
  checkSampleRate(file, headerRate);
  const { decoded, printed } = await withDecoder(async (decoder) => {
    const { result, printed } = quietly(() => decoder.decodeFile(bytes));
    return { decoded: await result, printed };
  });
  const { channelData, samplesDecoded, sampleRate, errors } = decoded;
  if (samplesDecoded === 0)
    throw decodeError(file, `Ogg Vorbis: 0 samples were decoded of ${lastGranule} promised; the file is broken, get a whole copy`);
  if (sampleRate !== headerRate || channelData.length !== numChannels)
    throw decodeError(
      file,
      `Ogg Vorbis: the header says ${headerRate} Hz and ${numChannels} channels, the decoder ${sampleRate} and ${channelData.length}; the file is broken`,
    );
  if (samplesDecoded < lastGranule)
    reportDamage(context, `damaged: ${samplesDecoded} samples were decoded, the last Ogg page promises ${lastGranule}`);
  else if (errors.length > 0 || printed.length > 0)
    reportDamage(context, `damaged: the decoder reported "${errors[0]?.message ?? printed[0]}" in ${samplesDecoded} samples`);
  return { sampleRate, channels: channelData, numFrames: samplesDecoded, format: 'Ogg Vorbis', warnings };
}
