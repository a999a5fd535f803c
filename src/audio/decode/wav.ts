import type { ByteSource } from './byteSource.js';
import { checkSampleRate, type DecodeContext, type DecodedStream } from './decodedAudio.js';
import { pcmBlocks } from './pcmBlocks.js';
import { findWavChunks } from './riff.js';
import { soundLength } from './soundLength.js';
import { promisedAndStray } from './strayBytes.js';
import { readWavFormat } from './wavFormat.js';

/** Opens the RIFF/WAVE, RIFX or RF64 file that starts at byte `offset`: 8 to 32-bit PCM, 32 and 64-bit float, A-law, mu-law. */
export function openWav(source: ByteSource, offset: number, context: DecodeContext): DecodedStream {
  const { format: formatChunk, data, isUnfinished, isFileWhole, strayBytes, isBigEndian } = findWavChunks(source, offset, context);
  const format = readWavFormat(source.read(formatChunk.start, formatChunk.size), context, isBigEndian);
  checkSampleRate(context.file, format.sampleRate);
  const available = source.size - data.start;
  let promised: number | undefined = data.size === 0 && isUnfinished ? undefined : data.size;
  const what = 'WAV chunk "data"';
  if (promised !== undefined && strayBytes > 0) promised = promisedAndStray(source, { start: data.start, promised, what }, format, context);
  const numBytes = soundLength({ promised, available, isFileWhole, what }, format, context);
  return {
    sampleRate: format.sampleRate,
    numChannels: format.channels,
    format: `WAV, ${format.name}`,
    blocks: pcmBlocks(source, data.start, numBytes, format, context),
  };
}
