import { hexOfBytes } from '../../util/bytes.js';
import { convertLine } from './convertLine.js';
import { type DecodeContext, decodeError } from './decodedAudio.js';
import type { PcmFormat } from './pcmFormat.js';

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

// The subformats that are plain format codes: {xxxxxxxx-0000-0010-8000-00AA00389B71}, and Ambisonic B format's.
const subformatTails = ['0000000010008000 00aa00389b71', '00002107d3118644 c8c1ca000000'].map((hex) => hex.replace(' ', ''));

/**
 * Reads the content of chunk `fmt `, EXTENSIBLE unwrapped: the bytes that are there count, whatever length the extension claims.
 * Throws, naming chunk, codec and remedy, for what cannot be decoded.
 */
export function readWavFormat(chunk: Uint8Array, { file, warnings }: DecodeContext, isBigEndian = false): PcmFormat {
  const fail = (problem: string) => decodeError(file, `WAV chunk "fmt " ${problem}; mend the header or ${convertLine(file)}`);
  if (chunk.length < 16) throw fail(`must have at least 16 bytes, got ${chunk.length}`);
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  const channels = view.getUint16(2, !isBigEndian);
  const sampleRate = view.getUint32(4, !isBigEndian);
  const blockAlign = view.getUint16(12, !isBigEndian);
  const bits = view.getUint16(14, !isBigEndian);

  let code = view.getUint16(0, !isBigEndian);
  if (code === EXTENSIBLE) {
    if (chunk.length < 40) throw fail('is EXTENSIBLE without its 22 bytes of extension');
    code = view.getUint16(24, !isBigEndian);
    if (!subformatTails.includes(hexOfBytes(chunk.subarray(26, 40)))) throw fail('is EXTENSIBLE with a subformat that is no known codec');
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
  return { encoding, channels, sampleRate, sampleBytes, isBigEndian, isSigned8: false, name: `${bits}-bit ${names[encoding]}` };
}
