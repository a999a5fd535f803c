import { type DecodedAudio, decodeError } from './decode/decodedAudio.js';
import { type DecodeOptions, openRecording, type Recording } from './openRecording.js';

export type { DecodedAudio } from './decode/decodedAudio.js';

/** Samples in all channels together: 4 GiB as float32. */
const maxTotalSamples = 2 ** 30;

/**
 * Decodes a recording whole, chosen by its content and not by its name: WAV (RIFF, RIFX, RF64), AIFF, Sony Wave64, Apple CAF and Sun AU with
 * PCM, float, A-law or mu-law samples, FLAC, Ogg with Vorbis, Opus or FLAC, and MP3 where the optional package mpg123-decoder is installed.
 * Throws AudiosslError, naming file, what was found and the remedy, for anything else, for damage (fewer samples than the headers promise,
 * checksums) unless `salvage`, for samples that are not finite, for 0 samples, and for what is too long for memory: see openRecording.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { decodeAudio } from 'audiossl';
 * const { sampleRate, channels, format } = await decodeAudio(await readFile('data/esc10/audio/2-71162-A.ogg'));
 * [sampleRate, channels.length, format]; // => [22050, 1, 'Ogg Vorbis']
 * ```
 */
export async function decodeAudio(bytes: Uint8Array, options: DecodeOptions = {}): Promise<DecodedAudio> {
  return readWhole(await openRecording(bytes, options), options.file ?? '(bytes)');
}

/** All of a recording's blocks as one; closes it. */
export async function readWhole(recording: Recording, file: string): Promise<DecodedAudio> {
  const { sampleRate, numChannels, format } = recording;
  const blocks: Float32Array[][] = [];
  let numFrames = 0;
  try {
    for await (const block of recording.blocks()) {
      blocks.push(block);
      numFrames += block[0].length;
      if (numFrames * numChannels > maxTotalSamples)
        throw decodeError(
          file,
          `more than ${maxTotalSamples} samples in all channels do not fit in memory; decode it in pieces (openRecording)`,
        );
    }
  } finally {
    recording.close();
  }
  if (numFrames === 0) throw decodeError(file, `${format}: 0 samples were decoded; the file is empty or broken`);
  const channels = blocks.length === 1 ? blocks[0] : Array.from({ length: numChannels }, (_, c) => join(blocks, c, numFrames));
  return { sampleRate, channels, numFrames, format, warnings: [...recording.warnings] };
}

function join(blocks: readonly Float32Array[][], channel: number, numFrames: number): Float32Array {
  const out = new Float32Array(numFrames);
  let at = 0;
  for (const block of blocks) {
    out.set(block[channel], at);
    at += block[channel].length;
  }
  return out;
}
