import type { ByteSource } from './byteSource.js';
import { convertLine } from './convertLine.js';
import { decodeError } from './decodedAudio.js';
import { mp3Reach } from './mp3.js';
import { firstMp3Frame } from './mp3Stream.js';
import { skipId3, skipTags } from './tags.js';

export type AudioKind = 'wav' | 'wave64' | 'aiff' | 'sunAu' | 'caf' | 'flac' | 'ogg' | 'mp3';

/** Beginnings of what is decoded; a second text must stand at its place too. */
const kinds: [kind: AudioKind, start: string, second?: string, at?: number][] = [
  ['wav', 'RIFF', 'WAVE', 8],
  ['wav', 'RIFX', 'WAVE', 8],
  ['wav', 'RF64', 'WAVE', 8],
  ['wav', 'BW64', 'WAVE', 8],
  ['wave64', 'riff\x2e\x91\xcf\x11'],
  ['aiff', 'FORM', 'AIFF', 8],
  ['aiff', 'FORM', 'AIFC', 8],
  ['sunAu', '.snd'],
  ['sunAu', 'dns.'],
  ['caf', 'caff'],
  ['flac', 'fLaC'],
  ['ogg', 'OggS'],
];

/** Beginnings of what is recognised but not decoded. */
const others: [name: string, start: string, at?: number][] = [
  ['3GP', 'ftyp3g', 4],
  ['MP4 or M4A', 'ftyp', 4],
  ['Windows Media (ASF)', '\x30\x26\xb2\x75'],
  ['Matroska or WebM', '\x1a\x45\xdf\xa3'],
  ['WavPack', 'wvpk'],
  ["Monkey's Audio", 'MAC '],
  ['Musepack', 'MPCK'],
  ['Musepack', 'MP+'],
  ['TTA', 'TTA1'],
  ['DSD (DSF)', 'DSD '],
  ['DSD (DSDIFF)', 'FRM8'],
  ['RealMedia', '.RMF'],
  ['Creative Voice', 'Creative Voice'],
  ['AMR', '#!AMR'],
  ['NIST SPHERE', 'NIST_1A'],
  ['MIDI', 'MThd'],
  ['AC-3', '\x0b\x77'],
  ['AAC (ADTS)', '\xff\xf1'],
  ['AAC (ADTS)', '\xff\xf9'],
];

const notAudio: [name: string, start: string, remedy: string][] = [
  ['a Git LFS pointer', 'version https://git-lfs', 'fetch the audio itself: git lfs pull'],
  ['a zip archive', 'PK\x03\x04', 'unpack it'],
  ['a gzip archive', '\x1f\x8b', 'unpack it'],
  ['a PDF', '%PDF', 'it is no audio file'],
  ['a PNG picture', '\x89PNG', 'it is no audio file'],
  ['a JPEG picture', '\xff\xd8\xff', 'it is no audio file'],
];

/**
 * What a recording is by its content, and where it starts (behind ID3v2 tags and zeros). Throws, naming what was recognised and the
 * remedy, for what is not decoded.
 */
export function detectFormat(source: ByteSource, file: string): { kind: AudioKind; offset: number } {
  if (source.size === 0) throw decodeError(file, 'the file is empty (0 bytes); get a whole copy');
  // Zeros may be padding, or the beginning of an MP4's first length.
  let offset = skipId3(source);
  const plain = recognise(source.read(offset, 64));
  if (plain === undefined) offset = skipTags(source);
  const bytes = source.read(offset, 64);
  const has = (start: string, at = 0) => bytesStartWith(bytes, start, at);

  const found = plain ?? recognise(bytes);
  if (found && 'kind' in found) return { kind: found.kind, offset };
  if (['RIFF', 'RIFX', 'RF64', 'BW64'].some((start) => has(start))) {
    if (bytes.length < 12) throw decodeError(file, `the RIFF header is cut off after ${bytes.length} bytes; get a whole copy`);
    const type = String.fromCharCode(...bytes.subarray(8, 12)).replace(/[^\x20-\x7e]/g, '?');
    throw decodeError(file, `RIFF of type "${type}", expected "WAVE"; ${convertLine(file)}`);
  }
  if (found) throw decodeError(file, `${found.other} is not decoded; ${convertLine(file)}`);
  const document = notAudio.find(([, start]) => has(start));
  if (document) throw decodeError(file, `this is ${document[0]}, not audio; ${document[2]}`);
  if (firstMp3Frame(source, offset, mp3Reach) !== undefined) return { kind: 'mp3', offset };
  const head = source.read(0, 512);
  throw decodeError(file, textProblem(head) ?? `not a known audio format (starts with ${hex(head)}); ${convertLine(file)}`);
}

function recognise(bytes: Uint8Array): { kind: AudioKind } | { other: string } | undefined {
  const has = (start: string, at = 0) => bytesStartWith(bytes, start, at);
  const kind = kinds.find(([, start, second = '', at = 0]) => has(start) && has(second, at))?.[0];
  if (kind) return { kind };
  const other = others.find(([, start, at]) => has(start, at))?.[0];
  return other ? { other } : undefined;
}

function bytesStartWith(bytes: Uint8Array, start: string, at: number): boolean {
  if (at + start.length > bytes.length) return false;
  for (let i = 0; i < start.length; i++) if (bytes[at + i] !== start.charCodeAt(i)) return false;
  return true;
}

/** The failed download and the renamed text file. */
function textProblem(head: Uint8Array): string | undefined {
  if (head.some((byte) => byte < 9 || (byte > 13 && byte < 32))) return undefined;
  const text = new TextDecoder().decode(head).trim();
  if (/^<(!doctype html|html)/i.test(text)) return 'this is an HTML page, not audio (a failed download?); download it again';
  return head.some((byte) => byte > 126)
    ? undefined
    : `this is text, not audio: ${JSON.stringify(text.slice(0, 40))}; get the recording itself`;
}

const hex = (bytes: Uint8Array) => [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
