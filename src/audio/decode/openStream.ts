import type { ByteSource } from './byteSource.js';
import type { DecodeContext, DecodedStream } from './decodedAudio.js';
import { type AudioKind, detectFormat } from './detectFormat.js';
import { openWav } from './wav.js';

type Open = (source: ByteSource, offset: number, context: DecodeContext) => DecodedStream | Promise<DecodedStream>;

// Loaded when first needed: a folder of WAV files needs no wasm decoder.
const openers: Record<AudioKind, () => Promise<Open>> = {
  wav: async () => openWav,
  wave64: async () => (await import('./wave64.js')).openWave64,
  aiff: async () => (await import('./aiff.js')).openAiff,
  sunAu: async () => (await import('./sunAu.js')).openSunAu,
  caf: async () => (await import('./caf.js')).openCaf,
  flac: async () => (await import('./flac.js')).openFlac,
  ogg: async () => (await import('./ogg.js')).openOgg,
  mp3: async () => (await import('./mp3.js')).openMp3,
};

/** Opens a recording, chosen by its content and not by its name. */
export async function openStream(source: ByteSource, context: DecodeContext): Promise<DecodedStream> {
  const { kind, offset } = detectFormat(source, context.file);
  const open = await openers[kind]();
  return open(source, offset, context);
}
