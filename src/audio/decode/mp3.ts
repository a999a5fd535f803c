import { errorText } from '../../util/errors.js';
import { checkSampleRate, convertLine, type DecodeContext, type DecodedAudio, decodeError, reportDamage } from './decodedAudio.js';
import { findMp3Frame, mp3FrameAt } from './mp3Frames.js';
import { quietly } from './quietly.js';

/** What the frames of an MP3 promise. */
interface Mp3Stream {
  sampleRate: number;
  channels: 1 | 2;
  /** Whole frames of sound, without the one that holds the Xing or Info tag. */
  numAudioFrames: number;
  samplesPerFrame: number;
  /** Number of frames that the Xing or Info tag promises, if it does. */
  taggedFrames?: number;
  /** Samples that LAME's tag says to drop at both ends together. */
  gapless: number;
  /** The last frame is not whole. */
  isCut: boolean;
}

/**
 * Decodes MP3 with mpg123-decoder, an optional package. The channel count is the header's (the decoder always gives two).
 * Damage: fewer frames than the Xing or Info tag promises, a cut last frame, or fewer samples than the frames hold.
 */
export async function decodeMp3(bytes: Uint8Array, context: DecodeContext): Promise<DecodedAudio> {
  const { file, warnings } = context;
  const stream = readMp3Stream(bytes, file);
  checkSampleRate(file, stream.sampleRate);
  const MPEGDecoder = await loadDecoder(file);
  const decoder = new MPEGDecoder();
  await decoder.ready;
  const { result: decoded, printed } = quietly(() => decoder.decode(bytes));
  decoder.free();
  const { channelData, samplesDecoded, sampleRate, errors } = decoded;
  if (samplesDecoded === 0) throw decodeError(file, 'MP3: 0 samples were decoded; the file is broken, get a whole copy');
  if (sampleRate !== stream.sampleRate)
    throw decodeError(file, `MP3: the first frame says ${stream.sampleRate} Hz, later ones ${sampleRate}; ${convertLine(file)}`);

  const { taggedFrames, numAudioFrames, samplesPerFrame, gapless } = stream;
  const promised = (taggedFrames ?? numAudioFrames) * samplesPerFrame - gapless;
  if (taggedFrames !== undefined && numAudioFrames < taggedFrames)
    reportDamage(
      context,
      `damaged or cut off: ${samplesDecoded} samples were decoded, the MP3 header promises ${promised} (${numAudioFrames} of ${taggedFrames} frames are there)`,
    );
  else if (samplesDecoded < promised - samplesPerFrame)
    // Without a tag the decoder may hold back what it has of one frame.
    reportDamage(context, `damaged: ${samplesDecoded} samples were decoded, the MP3 frames promise ${promised}`);
  else if (errors.length > 0 || printed.length > 0)
    reportDamage(context, `damaged: the decoder reported "${errors[0]?.message ?? printed[0]}" in ${samplesDecoded} samples`);
  else if (stream.isCut) reportDamage(context, `cut off inside the last MP3 frame, after ${samplesDecoded} samples`);
  return { sampleRate, channels: channelData.slice(0, stream.channels), numFrames: samplesDecoded, format: 'MP3', warnings };
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

function readMp3Stream(bytes: Uint8Array, file: string): Mp3Stream {
  const first = findMp3Frame(bytes, 0);
  if (!first) throw decodeError(file, 'MP3: no frame was found; the file is broken, get a whole copy');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = first.start;
  let numAudioFrames = 0;
  let isCut = false;
  while (at < bytes.length) {
    const frame = mp3FrameAt(bytes, at);
    if (!frame) {
      if (text(bytes, at, 3) === 'TAG' || text(bytes, at, 8) === 'APETAGEX') break;
      const next = findMp3Frame(bytes, at + 1);
      if (!next) break;
      at = next.start;
      continue;
    }
    if (frame.sampleRate !== first.sampleRate)
      throw decodeError(file, `MP3 changes from ${first.sampleRate} to ${frame.sampleRate} Hz; ${convertLine(file)}`);
    if (frame.start + frame.length > bytes.length) isCut = true;
    else numAudioFrames++;
    at += frame.length;
  }

  const { sampleRate, channels, numSamples: samplesPerFrame } = first;
  const stream: Mp3Stream = { sampleRate, channels, numAudioFrames, samplesPerFrame, gapless: 0, isCut };
  const tag = first.start + 4 + first.sideInfo;
  if (!['Xing', 'Info'].includes(text(bytes, tag, 4)) || tag + 144 > bytes.length) return stream;
  stream.numAudioFrames--;
  const flags = view.getUint32(tag + 4);
  let field = tag + 8;
  if (flags & 1) {
    stream.taggedFrames = view.getUint32(field);
    field += 4;
  }
  if (flags & 2) field += 4;
  if (flags & 4) field += 100;
  if (flags & 8) field += 4;
  // LAME's extension: encoder name (9 bytes), 12 bytes of settings, then delay and padding, 12 bits each.
  if (/^(LAME|Lav[fc])/.test(text(bytes, field, 4)) && field + 24 <= bytes.length) {
    const packed = (bytes[field + 21] << 16) | (bytes[field + 22] << 8) | bytes[field + 23];
    stream.gapless = (packed >> 12) + (packed & 0xfff);
  }
  return stream;
}
