import { type DecodeContext, decodeError, reportDamage } from './decodedAudio.js';

/** A chunk's place in the file. */
export interface RiffChunk {
  id: string;
  /** Of the content. */
  start: number;
  /** As the file says, ds64 applied; may reach past the end of the file. */
  size: number;
}

/** Sizes that a writer to a pipe leaves behind: ffmpeg's 0xFFFFFFFF, sox's 0x7FFFF000. */
const streamedSizes = new Set([0xffffffff, 0x7ffff000]);

// Where an odd chunk was written without its pad byte, one of these tells the two readings apart.
const knownIds = new Set(
  'fmt ,data,fact,LIST,JUNK,junk,PAD ,bext,iXML,axml,id3 ,ID3 ,cue ,smpl,inst,plst,note,labl,ltxt,PEAK,ds64,FLLR,minf,elm1,regn,umid,DISP,afsp,chna,levl'.split(
    ',',
  ),
);

const ascii = (bytes: Uint8Array, start: number) => String.fromCharCode(...bytes.subarray(start, start + 4));
const isId = (id: string) => /^[\x20-\x7e]{4}$/.test(id);

/**
 * The `fmt ` and `data` chunks of a RIFF/WAVE or RF64 file that starts at byte `offset`: walks chunks with their padding
 * (and without, as some writers forget it), takes RF64's sizes from ds64, and lets sizes left at 0 or 0xFFFFFFFF by a
 * writer to a pipe reach to the end of the file. Never reads outside `bytes`.
 * A cut data chunk is damage; of two data chunks the first is taken, with a warning.
 */
export function findWavChunks(bytes: Uint8Array, offset: number, context: DecodeContext): { format: RiffChunk; data: RiffChunk } {
  const { file, warnings } = context;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.byteLength;
  const isRf64 = ascii(bytes, offset) !== 'RIFF';
  const riffSize = view.getUint32(offset + 4, true);
  let longDataSize: number | undefined;
  let format: RiffChunk | undefined;
  let data: RiffChunk | undefined;
  let overrun: RiffChunk | undefined;

  let position = offset + 12;
  while (position + 8 <= end) {
    const id = ascii(bytes, position);
    if (!isId(id)) break;
    const start = position + 8;
    const chunk: RiffChunk = { id, start, size: view.getUint32(position + 4, true) };
    if (id === 'ds64' && chunk.size >= 24 && start + 16 <= end) {
      longDataSize = Number(view.getBigUint64(start + 8, true));
    } else if (id === 'fmt ') {
      format ??= chunk;
    } else if (id === 'data') {
      if (isRf64 && chunk.size === 0xffffffff && longDataSize !== undefined) chunk.size = longDataSize;
      else if (streamedSizes.has(chunk.size) || (chunk.size === 0 && isUnfinished(riffSize, start - offset))) {
        chunk.size = end - start;
        if (!data)
          warnings.push(
            'the sizes in the header were never filled in (streamed, or the recorder lost power): decoded to the end of the file',
          );
      }
      if (!data) data = chunk;
      else warnings.push('there is a second data chunk, which was left out');
    }
    if (start + chunk.size > end) {
      overrun = chunk;
      break;
    }
    position = nextChunk(bytes, start + chunk.size, chunk.size);
  }

  if (!format || !data) {
    const missing = format ? 'data' : 'fmt ';
    const why = overrun ? `; chunk "${overrun.id}" claims ${overrun.size} bytes, ${end - overrun.start} are left in the file` : '';
    throw decodeError(file, `WAV without a "${missing}" chunk (${end} bytes)${why}; the file is broken or cut off, get a whole copy`);
  }
  if (format.start + format.size > end)
    throw decodeError(
      file,
      `chunk "fmt " claims ${format.size} bytes, ${end - format.start} are left in the file; the file is cut off, get a whole copy`,
    );
  return { format, data };
}

/** A header from before the first sample was written: RIFF size 0, 0xFFFFFFFF, or just the header's own length. */
function isUnfinished(riffSize: number, dataStart: number): boolean {
  return riffSize === 0 || streamedSizes.has(riffSize) || riffSize + 8 <= dataStart;
}

/** Chunks start at even places; a writer that forgot the pad byte is found out by the ids at both places. */
function nextChunk(bytes: Uint8Array, after: number, size: number): number {
  if (size % 2 === 0) return after;
  const isPadded = knownIds.has(ascii(bytes, after + 1)) || !knownIds.has(ascii(bytes, after));
  return isPadded ? after + 1 : after;
}

/** Bytes of the data chunk that are there; fewer than promised is damage, naming both counts in frames of `blockSize` bytes. */
export function dataBytes(bytes: Uint8Array, data: RiffChunk, blockSize: number, context: DecodeContext): Uint8Array {
  const available = Math.min(data.size, bytes.byteLength - data.start);
  if (available < data.size) {
    const [promised, held] = [data.size, available].map((size) => Math.floor(size / blockSize));
    reportDamage(context, `cut off: chunk "data" promises ${promised} samples a channel, the file holds ${held}`);
  } else if (available % blockSize !== 0) {
    context.warnings.push(`the last ${available % blockSize} bytes of chunk "data" are no whole sample and were left out`);
  }
  return bytes.subarray(data.start, data.start + available - (available % blockSize));
}
