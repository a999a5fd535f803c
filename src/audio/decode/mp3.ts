import { errorText } from '../../util/errors.js';
import type { ByteSource } from './byteSource.js';
import { convertLine } from './convertLine.js';
import { checkSampleRate, type DecodeContext, type DecodedStream, decodeError, reportDamage, smallLossSeconds } from './decodedAudio.js';
import type { Mp3Frame } from './mp3Frames.js';
import { firstMp3Frame, type Mp3Walk, mp3Runs } from './mp3Stream.js';
import { quietly } from './quietly.js';

/** What an MP3's Xing or Info tag promises. */
interface Mp3Tag {
  /** Frames of sound. */
  numFrames?: number;
  /** Samples that LAME's extension says to drop at both ends together. */
  gapless: number;
}

/** Other bytes than tags and zeros are looked through this far for the first frame. */
export const mp3Reach = 2 ** 16;

/**
 * Opens the MP3 from byte `offset` on; mpg123-decoder, an optional package, decodes it. The channel count is the header's (the decoder
 * always gives two). Damage: fewer frames than the Xing or Info tag promises, or fewer samples than the frames hold; one frame, or a tenth of
 * a second, that is not whole or not there at the end is a warning.
 */
export async function openMp3(source: ByteSource, offset: number, context: DecodeContext): Promise<DecodedStream> {
  const { file } = context;
  const first = firstMp3Frame(source, offset, mp3Reach);
  if (!first) throw decodeError(file, 'MP3: no frame was found; the file is broken, get a whole copy');
  checkSampleRate(file, first.sampleRate);
  const MPEGDecoder = await loadDecoder(file);
  const decoder = new MPEGDecoder();
  await decoder.ready;
  const walk: Mp3Walk = { first, numFrames: 0, numSkipped: 0, isCut: false };
  return {
    sampleRate: first.sampleRate,
    numChannels: first.channels,
    format: 'MP3',
    blocks: mp3Blocks(source, walk, decoder, context),
  };
}

async function* mp3Blocks(
  source: ByteSource,
  walk: Mp3Walk,
  decoder: InstanceType<Awaited<ReturnType<typeof loadDecoder>>>,
  context: DecodeContext,
) {
  const { file } = context;
  const { first } = walk;
  const errors: string[] = [];
  let numSamples = 0;
  try {
    for (const { bytes } of mp3Runs(source, walk)) {
      if (walk.otherRate !== undefined)
        throw decodeError(file, `MP3 changes from ${first.sampleRate} to ${walk.otherRate} Hz; ${convertLine(file)}`);
      const { result, printed } = quietly(() => decoder.decode(bytes));
      const { channelData, samplesDecoded, sampleRate, errors: found } = result;
      errors.push(...found.map(({ message }) => message), ...printed);
      if (samplesDecoded === 0) continue;
      if (sampleRate !== first.sampleRate)
        throw decodeError(file, `MP3: the first frame says ${first.sampleRate} Hz, later ones ${sampleRate}; ${convertLine(file)}`);
      numSamples += samplesDecoded;
      yield channelData.slice(0, first.channels);
    }
  } finally {
    decoder.free();
  }
  checkLength(readTag(source, first), { ...walk, numSamples, errors }, context);
}

function checkLength(
  tag: Mp3Tag | undefined,
  { first, numFrames, numSkipped, isCut, numSamples, errors }: Mp3Walk & { numSamples: number; errors: readonly string[] },
  context: DecodeContext,
): void {
  const { file, warnings } = context;
  if (numSamples === 0) throw decodeError(file, 'MP3: 0 samples were decoded; the file is broken, get a whole copy');
  const { numSamples: samplesPerFrame } = first;
  // The tag stands in a frame of its own.
  const numAudioFrames = tag === undefined ? numFrames : numFrames - 1;
  const taggedFrames = tag?.numFrames ?? numAudioFrames;
  const numSpared = Math.max(1, Math.floor((smallLossSeconds * first.sampleRate) / samplesPerFrame));
  const isNearlyWhole = numAudioFrames >= taggedFrames - numSpared;
  const promised = (isNearlyWhole ? Math.min(taggedFrames, numAudioFrames) : taggedFrames) * samplesPerFrame - (tag?.gapless ?? 0);
  if (!isNearlyWhole)
    reportDamage(
      context,
      `damaged or cut off: ${numSamples} samples were decoded, the MP3 header promises ${promised} (${numAudioFrames} of ${taggedFrames} frames are there)`,
    );
  else if (numSamples < promised - samplesPerFrame)
    // Without a tag the decoder may hold back what it has of one frame.
    reportDamage(context, `damaged: ${numSamples} samples were decoded, the MP3 frames promise ${promised}`);
  else if (errors.length > 0) reportDamage(context, `damaged: the decoder reported "${errors[0]}" in ${numSamples} samples`);
  else if (isCut) warnings.push(`the last MP3 frame is not whole and was left out: ${numSamples} samples were decoded`);
  else if (numAudioFrames < taggedFrames)
    warnings.push(`the MP3 header promises ${taggedFrames} frames, ${numAudioFrames} are there: all ${numSamples} samples were used`);
  if (numSkipped > 0) warnings.push(`${numSkipped} bytes between MP3 frames are neither frame nor tag and were left out`);
}

async function loadDecoder(file: string) {
  try {
    return (await import('mpg123-decoder')).MPEGDecoder;
  } catch (error) {
    throw decodeError(
      file,
      `MP3 needs the package mpg123-decoder (${errorText(error)}); npm install mpg123-decoder, or ${convertLine(file)}`,
      { cause: error },
    );
  }
}

const text = (bytes: Uint8Array, at: number, length: number) => String.fromCharCode(...bytes.subarray(at, at + length));

/** The Xing or Info tag, which takes the place of the first frame's sound. */
function readTag(source: ByteSource, first: Mp3Frame): Mp3Tag | undefined {
  const bytes = source.read(first.start + 4 + first.sideInfo, 144);
  if (!['Xing', 'Info'].includes(text(bytes, 0, 4)) || bytes.length < 144) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint32(4);
  const tag: Mp3Tag = { gapless: 0 };
  let field = 8;
  if (flags & 1) {
    tag.numFrames = view.getUint32(field);
    field += 4;
  }
  if (flags & 2) field += 4;
  if (flags & 4) field += 100;
  if (flags & 8) field += 4;
  // LAME's extension: encoder name (9 bytes), 12 bytes of settings, then delay and padding, 12 bits each.
  if (/^(LAME|Lav[fc])/.test(text(bytes, field, 4)) && field + 24 <= bytes.length) {
    const packed = (bytes[field + 21] << 16) | (bytes[field + 22] << 8) | bytes[field + 23];
    tag.gapless = (packed >> 12) + (packed & 0xfff);
  }
  return tag;
}
