import { bytesSource } from '../audio/decode/byteSource.js';
import type { DecodedAudio } from '../audio/decode/decodedAudio.js';
import { detectFormat } from '../audio/decode/detectFormat.js';
import { mp3Reach } from '../audio/decode/mp3.js';
import { firstMp3Frame } from '../audio/decode/mp3Stream.js';
import { decodeAudio } from '../audio/decodeAudio.js';
import { AudiosslError, errorText } from '../util/errors.js';

/** Rate that the browser decodes at where the file's own is not known. */
const browserRate = 48_000;

/**
 * Decodes a file: WAV, AIFF, CAF, AU, Wave64, FLAC and Ogg by the code that Node.js runs, sample for sample; MP3 (at its own rate) and
 * whatever else the browser knows (M4A, WebM; at 48 kHz) by the browser. Throws AudiosslError for what neither can, and for what is damaged.
 */
export async function decodeSound(bytes: Uint8Array<ArrayBuffer>, file: string): Promise<DecodedAudio & { isOurs: boolean }> {
  const source = bytesSource(bytes);
  const found = detect(source, file);
  if ('kind' in found && found.kind !== 'mp3') return { ...(await decodeAudio(bytes, { file })), isOurs: true };
  const rate = 'kind' in found ? firstMp3Frame(source, found.offset, mp3Reach)?.sampleRate : undefined;
  try {
    const buffer = await new OfflineAudioContext(1, 1, rate ?? browserRate).decodeAudioData(bytes.slice().buffer);
    const channels = Array.from({ length: buffer.numberOfChannels }, (_, channel) => buffer.getChannelData(channel));
    const format = rate === undefined ? 'of the browser' : 'MP3';
    return { sampleRate: buffer.sampleRate, channels, numFrames: buffer.length, format, warnings: [], isOurs: false };
  } catch (error) {
    const reason = 'problem' in found ? found.problem : `${file}: the MP3 is broken`;
    throw new AudiosslError(`${reason}; the browser cannot decode it either`, { cause: error });
  }
}

function detect(source: Parameters<typeof detectFormat>[0], file: string): ReturnType<typeof detectFormat> | { problem: string } {
  try {
    return detectFormat(source, file);
  } catch (error) {
    return { problem: errorText(error) };
  }
}
