import type { ByteSource } from './byteSource.js';
import { type DecodeContext, decodeError } from './decodedAudio.js';
import { cannotBeTrue } from './soundLength.js';

export interface RiffChunk {
  id: string;
  /** First byte of the content. */
  start: number;
  /** Bytes of content as the file says, ds64 applied; may reach past the end of the file. */
  size: number;
}

export interface WavChunks {
  format: RiffChunk;
  data: RiffChunk;
  /** The header was written before the first sample and never again: sizes of 0 mean "unknown". */
  isUnfinished: boolean;
  /** By the RIFF size (or ds64's) the file ends where it ends. */
  isFileWhole: boolean;
  /** Where what stands behind the data chunk is no chunk: the number of bytes from the data's end to the file's. Else 0. */
  strayBytes: number;
  isBigEndian: boolean;
}

// Where an odd chunk was written without its pad byte, one of these tells the two readings apart.
const knownIds = new Set(
  'fmt ,data,fact,LIST,JUNK,junk,PAD ,bext,iXML,axml,id3 ,ID3 ,cue ,smpl,inst,plst,note,labl,ltxt,PEAK,ds64,FLLR,minf,elm1,regn,umid,DISP,afsp,chna,levl'.split(
    ',',
  ),
);

const ascii = (bytes: Uint8Array, start = 0) => String.fromCharCode(...bytes.subarray(start, start + 4));
const isId = (id: string) => /^[\x20-\x7e]{4}$/.test(id);

/**
 * The `fmt ` and `data` chunks of a RIFF/WAVE, RIFX or RF64 file that starts at byte `offset`: walks chunks with their padding (and
 * without, as some writers forget it); RF64's ds64 wins over the chunk's own 32 bits. Of two data chunks the first is taken, with a
 * warning. Never reads outside the file. Throws where one of the two is missing.
 */
export function findWavChunks(source: ByteSource, offset: number, { file, warnings }: DecodeContext): WavChunks {
  const head = source.read(offset, 12);
  const isBigEndian = ascii(head) === 'RIFX';
  const isRf64 = ascii(head) === 'RF64' || ascii(head) === 'BW64';
  const end = source.size;
  let riffSize = new DataView(head.buffer, head.byteOffset).getUint32(4, !isBigEndian);
  let longDataSize: number | undefined;
  let format: RiffChunk | undefined;
  let data: RiffChunk | undefined;
  let overrun: RiffChunk | undefined;

  let position = offset + 12;
  while (position + 8 <= end) {
    const bytes = source.read(position, 8);
    const id = ascii(bytes);
    if (bytes.length < 8 || !isId(id)) break;
    const start = position + 8;
    const chunk: RiffChunk = { id, start, size: new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, !isBigEndian) };
    if (id === 'ds64' && isRf64 && chunk.size >= 24 && start + 16 <= end) {
      const sizes = source.read(start, 16);
      const view = new DataView(sizes.buffer, sizes.byteOffset);
      riffSize = Number(view.getBigUint64(0, true));
      longDataSize = Number(view.getBigUint64(8, true));
    } else if (id === 'fmt ') {
      format ??= chunk;
    } else if (id === 'data') {
      if (data) warnings.push('there is a second data chunk, which was left out');
      else {
        // A ds64 that was never filled in says 0.
        if (longDataSize) chunk.size = longDataSize;
        data = chunk;
      }
    }
    if (start + chunk.size > end) {
      overrun = chunk;
      break;
    }
    position = nextChunk(source, start + chunk.size, chunk.size);
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
  const dataEnd = data.start + data.size;
  // The walk got stuck behind the data chunk: at bytes that are no chunk's head, or in a chunk that the file does not hold.
  const isStuck = dataEnd <= end && (overrun !== undefined || position < end);
  return {
    format,
    data,
    isUnfinished: riffSize === 0 || cannotBeTrue(riffSize) || riffSize + 8 <= data.start - offset,
    isFileWhole: Math.abs(offset + 8 + riffSize - end) <= 1,
    strayBytes: isStuck ? end - dataEnd : 0,
    isBigEndian,
  };
}

/** Chunks start at even places; a writer that forgot the pad byte is found out by the ids at both places. */
function nextChunk(source: ByteSource, after: number, size: number): number {
  if (size % 2 === 0) return after;
  const bytes = source.read(after, 5);
  const isPadded = knownIds.has(ascii(bytes, 1)) || !knownIds.has(ascii(bytes));
  return isPadded ? after + 1 : after;
}
