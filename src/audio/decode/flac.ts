import type { ByteSource } from './byteSource.js';
import { checkSampleRate, type DecodeContext, type DecodedStream, decodeError, reportDamage, smallLossSeconds } from './decodedAudio.js';
import { isWholeFrame, takeFlacDecoder } from './flacDecoder.js';
import { type FlacFrame, type FlacFrameHeader, flacFrames } from './flacFrames.js';
import { type FlacInfo, flacFramesStart, infoBytes, readFlacInfo } from './flacInfo.js';
import { sampleMd5 } from './sampleMd5.js';
import { skipTags } from './tags.js';

/** Samples a channel decoded at once. */
const blockFrames = 2 ** 16;

/**
 * Opens the FLAC stream whose "fLaC" stands at `offset`. Damage: fewer samples than STREAMINFO promises, an error of libFLAC, or, with the
 * right count, samples whose MD5 is not STREAMINFO's. What stands behind the last frame does not matter; a last frame that is not whole is
 * a warning.
 */
export function openFlac(source: ByteSource, offset: number, context: DecodeContext): DecodedStream {
  const info = readFlacInfo(source.read(offset + 4, infoBytes), context.file);
  checkSampleRate(context.file, info.sampleRate);
  return {
    sampleRate: info.sampleRate,
    numChannels: info.channels,
    format: `FLAC, ${info.bits}-bit`,
    blocks: nativeBlocks(source, flacFramesStart(source, offset), info, context),
  };
}

async function* nativeBlocks(source: ByteSource, start: number, info: FlacInfo, context: DecodeContext) {
  const decoder = await takeFlacDecoder(info, context);
  const check = flacCheck(info, context);
  const frames = flacFrames(source, start, info.bits);
  const batch: Uint8Array[] = [];
  let numBatched = 0;
  let numSkipped = 0;
  let cut: FlacFrameHeader | undefined;
  let behind = source.size;

  for (let next = frames.next(); !next.done; ) {
    const frame = next.value;
    const end = frame.possibleEnds === undefined ? frame.bytes.length : await trueEnd(frame);
    // A frame that is not whole and others behind it: a hole, not a cut.
    numSkipped += frame.numSkipped + (cut === undefined ? 0 : 1);
    cut = end === undefined ? frame.header : undefined;
    behind = frame.start + (end ?? frame.bytes.length);
    if (end !== undefined) {
      batch.push(frame.bytes.subarray(0, end));
      numBatched += frame.header.blockSize;
    }
    next = frames.next(end);
    if (numBatched < blockFrames && !next.done) continue;
    const channels = batch.length > 0 ? await decoder.decode(batch) : undefined;
    batch.length = 0;
    numBatched = 0;
    if (channels === undefined) continue;
    check.update(channels);
    yield channels;
  }
  check.finish({ errors: decoder.errors, cut, numSkipped });
  if (String.fromCharCode(...source.read(skipTags(source, behind), 4)) === 'fLaC')
    context.warnings.push('behind the FLAC stream another one begins, which was left out');
  await decoder.release();
}

/** Which of its possible ends is a last frame's own. */
async function trueEnd({ bytes, possibleEnds = [] }: FlacFrame): Promise<number | undefined> {
  for (const end of possibleEnds) if (await isWholeFrame(bytes.subarray(0, end))) return end;
  return undefined;
}

/** Counts and sums up what was decoded, and says at the end whether that is what STREAMINFO promises. */
export function flacCheck(info: FlacInfo, context: DecodeContext) {
  const md5 = /^0*$/.test(info.md5) || info.bits > 24 ? undefined : sampleMd5(info.bits);
  let numFrames = 0;
  return {
    update(channels: readonly Float32Array[]): void {
      numFrames += channels[0].length;
      md5?.update(channels);
    },
    finish({ errors, cut, numSkipped = 0 }: { errors: readonly string[]; cut?: FlacFrameHeader; numSkipped?: number }): void {
      const { file, warnings } = context;
      const { totalSamples, sampleRate } = info;
      const promise = totalSamples > 0 ? ` of ${totalSamples} promised` : '';
      if (numFrames === 0) throw decodeError(file, `FLAC: 0 samples were decoded${promise}; the file is broken, get a whole copy`);
      const missing = totalSamples > 0 ? totalSamples - numFrames : 0;
      const isSmall = missing > 0 && missing < smallLossSeconds * sampleRate;
      if (errors.length === 0 && numSkipped === 0 && (cut ? missing <= cut.blockSize : isSmall))
        warnings.push(
          cut
            ? `the last FLAC frame is not whole and was left out: ${numFrames} samples were decoded${promise}`
            : `${numFrames} samples were decoded${promise}: the last ${missing} are missing`,
        );
      else if (missing !== 0 && totalSamples > 0)
        reportDamage(context, `damaged: ${numFrames} samples were decoded, FLAC STREAMINFO promises ${totalSamples}`);
      else if (errors.length > 0 || numSkipped > 0)
        reportDamage(
          context,
          `damaged: ${numFrames} samples were decoded${promise}, with the error "${errors[0] ?? `${numSkipped} bytes that are no frame`}"`,
        );
      else if (md5 !== undefined && md5.digest() !== info.md5)
        reportDamage(
          context,
          `damaged: ${numFrames} samples were decoded${promise}, but their MD5 is not the one that FLAC STREAMINFO gives`,
        );
    },
  };
}
