import { AudiosslError, errorText } from '../util/errors.js';
import { type DecodeContext, type DecodedAudio, decodeError } from './decode/decodedAudio.js';
import { detectFormat } from './decode/detectFormat.js';
import { decodeWav } from './decode/wav.js';

export type { DecodedAudio } from './decode/decodedAudio.js';

export interface DecodeOptions {
  /** Name for messages. */
  file?: string;
  /** Keep what a damaged or cut file holds, with a warning, instead of refusing it. */
  salvage?: boolean;
}

/**
 * Decodes a recording, chosen by its content and not by its name: WAV (RIFF, RF64; PCM, float, A-law, mu-law), FLAC, Ogg
 * Vorbis, and MP3 where the optional package mpg123-decoder is installed.
 * Throws AudiosslError, naming file, what was found and the remedy, for anything else, for damage (fewer samples than
 * the headers promise, checksums) unless `salvage`, for samples that are not finite, and for 0 samples.
 */
export async function decodeAudio(bytes: Uint8Array, { file = '(bytes)', salvage = false }: DecodeOptions = {}): Promise<DecodedAudio> {
  const context: DecodeContext = { file, salvage, warnings: [] };
  const { kind, offset } = detectFormat(bytes, file);
  let decoded: DecodedAudio;
  try {
    if (kind === 'wav') decoded = decodeWav(bytes, offset, context);
    else if (kind === 'flac') decoded = await (await import('./decode/flac.js')).decodeFlac(bytes.subarray(offset), context);
    else if (kind === 'oggVorbis') decoded = await (await import('./decode/oggVorbis.js')).decodeOggVorbis(bytes.subarray(offset), context);
    else decoded = await (await import('./decode/mp3.js')).decodeMp3(bytes.subarray(offset), context);
  } catch (error) {
    if (error instanceof AudiosslError) throw error;
    throw decodeError(file, `the decoder failed: ${errorText(error)}`, { cause: error });
  }
  if (decoded.numFrames === 0 || decoded.channels.length === 0)
    throw decodeError(file, `${decoded.format}: 0 samples were decoded; the file is empty or broken`);
  return decoded;
}
