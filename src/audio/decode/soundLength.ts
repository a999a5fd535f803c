import { type DecodeContext, decodeError, reportDamage, smallLossSeconds } from './decodedAudio.js';
import { frameBytes, type PcmFormat } from './pcmFormat.js';

/**
 * Lengths of 32 bits that only a writer who could not go back leaves: 0xFFFFFFFF, INT32_MAX and its neighbours, either less a header
 * or rounded down to whole frames (sox: 0x7FFFEFFF at 24 bits), 0x80000000, and sox's 0x7F000000 of AIFF; of 64 bits what no file system holds.
 */
export function cannotBeTrue(numBytes: number): boolean {
  const slack = 2 ** 16;
  const isJustUnder = (most: number) => numBytes >= most - slack && numBytes <= most;
  return isJustUnder(0x7f000000) || isJustUnder(2 ** 31) || isJustUnder(2 ** 32 - 1) || numBytes >= 2 ** 53;
}

/**
 * How many bytes of samples are used, in whole frames, of `promised` (undefined = the header does not say) where `available` are there.
 * A length that cannot be true means "to the end". A little too much, or too much in a file that is whole by its own account, is a
 * warning; more is damage, naming both counts. Throws for none at all.
 */
export function soundLength(
  { promised, available, isFileWhole = false, what }: { promised?: number; available: number; isFileWhole?: boolean; what: string },
  format: PcmFormat,
  context: DecodeContext,
): number {
  const { file, warnings } = context;
  const size = frameBytes(format);
  const frames = (numBytes: number) => Math.floor(numBytes / size);
  let used = Math.min(promised ?? available, available);
  if (promised === undefined || (promised > available && cannotBeTrue(promised))) {
    used = available;
    warnings.push('the sizes in the header were never filled in (streamed, or the recorder lost power): decoded to the end of the file');
  } else if (promised > available) {
    const over = promised - available;
    if (over < smallLossSeconds * format.sampleRate * size)
      warnings.push(`${what} promises ${over} ${over === 1 ? 'byte' : 'bytes'} more than the file holds: used to the end of the file`);
    else if (isFileWhole)
      warnings.push(
        `${what} promises ${frames(promised)} samples a channel, the file holds ${frames(available)} and is whole by its own size: used to the end of the file`,
      );
    else reportDamage(context, `cut off: ${what} promises ${frames(promised)} samples a channel, the file holds ${frames(available)}`);
  }
  const rest = used % size;
  if (used < size) throw decodeError(file, `${what} holds 0 samples; delete the file or get a whole copy`);
  // What a header promises too much is told already.
  if (rest > 0 && used === promised) warnings.push(`the last ${rest} bytes of ${what} are no whole sample and were left out`);
  return used - rest;
}
