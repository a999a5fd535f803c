import { convertLine, decodeError } from './decodedAudio.js';
import { findMp3Frame } from './mp3Frames.js';

export type AudioKind = 'wav' | 'flac' | 'oggVorbis' | 'mp3';

/** Beginnings of what is recognised but not decoded. */
const others: [name: string, start: string, at?: number][] = [
  ['AIFF', 'AIFF', 8],
  ['AIFF-C', 'AIFC', 8],
  ['Sun AU', '.snd'],
  ['Apple CAF', 'caff'],
  ['Sony Wave64', 'riff\x2e\x91\xcf\x11'],
  ['big-endian WAV (RIFX)', 'RIFX'],
  ['MP4 or M4A', 'ftyp', 4],
  ['Windows Media (ASF)', '\x30\x26\xb2\x75'],
  ['Matroska or WebM', '\x1a\x45\xdf\xa3'],
  ['WavPack', 'wvpk'],
  ["Monkey's Audio", 'MAC '],
  ['TTA', 'TTA1'],
  ['AMR', '#!AMR'],
  ['NIST SPHERE', 'NIST_1A'],
  ['MIDI', 'MThd'],
  ['AC-3', '\x0b\x77'],
  ['AAC (ADTS)', '\xff\xf1'],
  ['AAC (ADTS)', '\xff\xf9'],
];

const oggCodecs: [name: string, start: string][] = [
  ['Vorbis', '\x01vorbis'],
  ['Opus', 'OpusHead'],
  ['FLAC in Ogg', '\x7fFLAC'],
  ['Speex', 'Speex   '],
  ['Theora video', '\x80theora'],
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
 * What the bytes are, and where it starts (after an ID3v2 tag). Throws, naming what was recognised and the remedy, for
 * what is not decoded.
 */
export function detectFormat(bytes: Uint8Array, file: string): { kind: AudioKind; offset: number } {
  if (bytes.length === 0) throw decodeError(file, 'the file is empty (0 bytes); get a whole copy');
  const offset = id3Length(bytes);
  const has = (start: string, at = 0) => bytesStartWith(bytes, start, offset + at);

  if (has('RIFF') || has('RF64') || has('BW64')) {
    if (has('WAVE', 8)) return { kind: 'wav', offset };
    if (bytes.length - offset < 12)
      throw decodeError(file, `the RIFF header is cut off after ${bytes.length - offset} bytes; get a whole copy`);
    const type = String.fromCharCode(...bytes.subarray(offset + 8, offset + 12)).replace(/[^\x20-\x7e]/g, '?');
    throw decodeError(file, `RIFF of type "${type}", expected "WAVE"; ${convertLine(file)}`);
  }
  if (has('fLaC')) return { kind: 'flac', offset };
  if (has('OggS')) {
    const packet = 27 + (bytes[offset + 26] ?? 0);
    const codec = oggCodecs.find(([, start]) => has(start, packet))?.[0];
    if (codec === 'Vorbis') return { kind: 'oggVorbis', offset };
    throw decodeError(file, `Ogg with ${codec ?? 'an unknown codec'}, expected Vorbis; ${convertLine(file)}`);
  }
  const other = others.find(([, start, at]) => has(start, at));
  if (other) throw decodeError(file, `${other[0]} is not supported; ${convertLine(file)}`);
  const document = notAudio.find(([, start]) => has(start));
  if (document) throw decodeError(file, `this is ${document[0]}, not audio; ${document[2]}`);
  if (findMp3Frame(bytes, offset) !== undefined) return { kind: 'mp3', offset };
  throw decodeError(file, textProblem(bytes) ?? `not a known audio format (starts with ${hex(bytes)}); ${convertLine(file)}`);
}

function bytesStartWith(bytes: Uint8Array, start: string, at: number): boolean {
  if (at + start.length > bytes.length) return false;
  for (let i = 0; i < start.length; i++) if (bytes[at + i] !== start.charCodeAt(i)) return false;
  return true;
}

/** Length of the ID3v2 tag before the audio, 0 without one. */
function id3Length(bytes: Uint8Array): number {
  if (!bytesStartWith(bytes, 'ID3', 0) || bytes.length < 10) return 0;
  const size = (bytes[6] & 127) * 2 ** 21 + (bytes[7] & 127) * 2 ** 14 + (bytes[8] & 127) * 2 ** 7 + (bytes[9] & 127);
  const hasFooter = (bytes[5] & 0x10) !== 0;
  return Math.min(bytes.length, 10 + size + (hasFooter ? 10 : 0));
}

/** The failed download and the renamed text file. */
function textProblem(bytes: Uint8Array): string | undefined {
  const head = bytes.subarray(0, 512);
  if (head.some((byte) => byte < 9 || (byte > 13 && byte < 32))) return undefined;
  const text = new TextDecoder().decode(head).trim();
  if (/^<(!doctype html|html)/i.test(text)) return 'this is an HTML page, not audio (a failed download?); download it again';
  return head.some((byte) => byte > 126)
    ? undefined
    : `this is text, not audio: ${JSON.stringify(text.slice(0, 40))}; get the recording itself`;
}

const hex = (bytes: Uint8Array) => [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
