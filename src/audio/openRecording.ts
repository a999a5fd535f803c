import { AudiosslError, errorText } from '../util/errors.js';
import { type ByteSource, bytesSource } from './decode/byteSource.js';
import { type AudioFormat, type DecodeContext, type DecodedStream, decodeError } from './decode/decodedAudio.js';
import { type FileSource, openFileSource } from './decode/fileSource.js';
import { openStream } from './decode/openStream.js';

export interface DecodeOptions {
  /** Name for messages. */
  file?: string;
  /** Keep what a damaged or cut file holds, with a warning, instead of refusing it; samples that are not finite become 0. */
  salvage?: boolean;
  /** Decode this channel alone, 1 being the first. */
  channel?: number;
}

/** A recording that can be decoded piece by piece, as often as needed. */
export interface Recording extends AudioFormat {
  /**
   * The samples in order, [numChannels][n] a block, n being some ten thousand: the same ones each time. What is damaged is thrown on the
   * way; a block is the taker's.
   */
  blocks(): AsyncGenerator<Float32Array[], void>;
  /** What was mended or left out; complete when blocks() has come to its end once. */
  readonly warnings: readonly string[];
  close(): void;
}

/**
 * Opens a recording of any length, in bounded memory: a file by its path, or bytes. See decodeAudio for formats and errors. Whoever opens
 * it closes it.
 *
 * @example
 * ```ts
 * import { openRecording } from 'audiossl';
 * const recording = await openRecording('data/esc10/audio/2-71162-A.ogg');
 * let numSamples = 0;
 * for await (const channels of recording.blocks()) numSamples += channels[0].length;
 * recording.close();
 * numSamples; // => 110272
 * ```
 */
export async function openRecording(input: string | Uint8Array, options: DecodeOptions = {}): Promise<Recording> {
  const { file = typeof input === 'string' ? input : '(bytes)', salvage = false, channel } = options;
  let source: ByteSource & Partial<FileSource>;
  try {
    source = typeof input === 'string' ? openFileSource(input) : bytesSource(input);
  } catch (error) {
    throw new AudiosslError(`readAudio: ${errorText(error)}`, { cause: error });
  }
  const warnings: string[] = [];
  const open = async (): Promise<{ stream: DecodedStream; context: DecodeContext }> => {
    const context = { file, salvage, warnings: [] };
    return { stream: await openStream(source, context), context };
  };
  let first: Awaited<ReturnType<typeof open>> | undefined;
  try {
    first = await open();
    if (channel !== undefined && channel > first.stream.numChannels)
      throw decodeError(file, `channel ${channel} was asked for, the recording has ${first.stream.numChannels}; pass another --channel`);
  } catch (error) {
    source.close?.();
    throw named(error, file);
  }
  const { sampleRate, numChannels, format } = first.stream;
  return {
    sampleRate,
    numChannels: channel === undefined ? numChannels : 1,
    format,
    warnings,
    async *blocks() {
      try {
        const { stream, context } = first ?? (await open());
        first = undefined;
        if (channel === undefined) yield* stream.blocks;
        else for await (const channels of stream.blocks) yield [channels[channel - 1]];
        warnings.splice(0, warnings.length, ...context.warnings);
      } catch (error) {
        throw named(error, file);
      }
    },
    close: () => source.close?.(),
  };
}

/** A decoder may throw anything. */
function named(error: unknown, file: string): AudiosslError {
  return error instanceof AudiosslError ? error : decodeError(file, `the decoder failed: ${errorText(error)}`, { cause: error });
}
