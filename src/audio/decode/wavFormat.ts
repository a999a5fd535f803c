import { convertLine, type DecodeContext, decodeError } from './decodedAudio.js';
import type { RiffChunk } from './riff.js';

export interface WavFormat {
  encoding: 'pcm' | 'float' | 'aLaw' | 'muLaw';
  channels: number;
  sampleRate: number;
  /** Bytes that hold one sample of one channel. */
  sampleBytes: number;
  /** For messages: `24-bit PCM`. */
  name: string;
}

const PCM = 1;
const FLOAT = 3;
const A_LAW = 6;
const MU_LAW = 7;
const EXTENSIBLE = 0xfffe;

const codecNames: Record<number, string> = {
  2: 'Microsoft ADPCM',
  16: 'OKI ADPCM',
  17: 'IMA ADPCM',
  20: 'G.723 ADPCM',
  49: 'GSM 6.10',
  64: 'G.721 ADPCM',
  80: 'MPEG layer 1/2',
  85: 'MP3',
  255: 'AAC',
  352: 'Windows Media Audio 1',
  353: 'Windows Media Audio 2',
  8192: 'AC-3',
  8193: 'DTS',
  26447: 'Vorbis',
};

// {xxxxxxxx-0000-0010-8000-00AA00389B71}: the subformats that are plain format codes.
const subformatTail = [0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113];

/** Reads chunk `fmt `, EXTENSIBLE unwrapped. Throws, naming chunk, codec and remedy, for what cannot be decoded. */
export function readWavFormat(bytes: Uint8Array, chunk: RiffChunk, { file, warnings }: DecodeContext): WavFormat {
  const fail = (problem: string) => decodeError(file, `WAV chunk "fmt " ${problem}; mend the header or ${convertLine(file)}`);
  if (chunk.size < 16) throw fail(`must have at least 16 bytes, got ${chunk.size}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + chunk.start, chunk.size);
  const channels = view.getUint16(2, true);
  const sampleRate = view.getUint32(4, true);
  const blockAlign = view.getUint16(12, true);
  const bits = view.getUint16(14, true);

  let code = view.getUint16(0, true);
  if (code === EXTENSIBLE) {
    if (chunk.size < 40 || view.getUint16(16, true) < 22) throw fail('is EXTENSIBLE without its 22 bytes of extension');
    code = view.getUint16(24, true);
    if (subformatTail.some((byte, i) => view.getUint8(26 + i) !== byte))
      throw fail('is EXTENSIBLE with a subformat that is no known codec');
  }
  const encoding = ({ [PCM]: 'pcm', [FLOAT]: 'float', [A_LAW]: 'aLaw', [MU_LAW]: 'muLaw' } as const)[code];
  if (encoding === undefined)
    throw fail(
      `names codec 0x${code.toString(16).padStart(4, '0')} (${codecNames[code] ?? 'unknown'}), expected PCM, float, A-law or mu-law`,
    );
  if (channels < 1 || channels > 256) throw fail(`must have 1 to 256 channels, got ${channels}`);

  // Samples with fewer bits than their container are left-justified in it, so only the container matters.
  let sampleBytes = Math.ceil(bits / 8);
  if (blockAlign !== channels * sampleBytes) {
    const container = blockAlign / channels;
    if (encoding === 'pcm' && Number.isInteger(container) && container > sampleBytes && container <= 4) sampleBytes = container;
    else warnings.push(`blockAlign ${blockAlign} does not fit ${channels} channels of ${bits} bits: ${channels * sampleBytes} was used`);
  }
  const allowed = encoding === 'pcm' ? [1, 2, 3, 4] : encoding === 'float' ? [4, 8] : [1];
  const names = { pcm: 'PCM', float: 'float', aLaw: 'A-law', muLaw: 'mu-law' };
  if (!allowed.includes(sampleBytes) || (encoding === 'float' && bits % 32 !== 0))
    throw fail(`has ${bits} bits a sample, expected ${allowed.map((n) => n * 8).join(', ')} with ${names[encoding]}`);
  return { encoding, channels, sampleRate, sampleBytes, name: `${bits}-bit ${names[encoding]}` };
}
