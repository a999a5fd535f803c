import type { AudioFormat, DecodeContext } from './decodedAudio.js';

/** Decodes the packets of one logical Ogg stream. */
export interface OggCodec extends AudioFormat {
  /** Packets of the beginning that hold no sound, the first one included. */
  numHeaders: number;
  /** Samples a channel to drop at the beginning, beside what the page positions say. */
  preSkip: number;
  /** Takes the header packets, once all are there. */
  start(headers: readonly Uint8Array[]): Promise<void>;
  /** [channels][n], or undefined where no sample came out. */
  decode(packets: Uint8Array[]): Promise<Float32Array[] | undefined>;
  readonly errors: string[];
  /** Looks at what came out, for codecs that carry a checksum. */
  finish?(): void;
  /** Makes the decoder free for the next file. */
  release(): Promise<void>;
}

/** A codec, from a stream's first packet. */
export interface OggCodecKind {
  name: string;
  /** What the first packet starts with. */
  start: string;
  open(firstPacket: Uint8Array, context: DecodeContext): Promise<OggCodec>;
}

/** Codecs that are recognised but not decoded. */
export const otherOggCodecs: [name: string, start: string][] = [
  ['Speex', 'Speex   '],
  ['Theora video', '\x80theora'],
  ['OGM video', '\x01video'],
  ['Skeleton', 'fishead\0'],
  ['CELT', 'CELT    '],
  ['Daala video', '\x80daala'],
  ['Kate text', '\x80kate'],
  ['Dirac video', 'BBCD'],
  ['MIDI', 'OggMIDI\0'],
  ['PCM', 'PCM     '],
];

export function packetStartsWith(packet: Uint8Array, start: string): boolean {
  if (packet.length < start.length) return false;
  for (let i = 0; i < start.length; i++) if (packet[i] !== start.charCodeAt(i)) return false;
  return true;
}
