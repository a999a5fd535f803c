import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '../support/temporaryFolder.js';

/** A folder that holds the files given (path -> content). What a test puts beside it goes away with it. */
export async function folderWith(files: Record<string, string | Uint8Array> = {}): Promise<string> {
  const dir = join(temporaryFolder(), 'data');
  await mkdir(dir);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), content);
  }
  return dir;
}

/** A 16-bit mono WAV file. `sampleAt(n)` is in -1 .. 1. */
export function wav(numSamples: number, sampleAt: (n: number) => number, sampleRate = 22050): Uint8Array {
  const bytes = Buffer.alloc(44 + 2 * numSamples);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(36 + 2 * numSamples, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(sampleRate, 24);
  bytes.writeUInt32LE(2 * sampleRate, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(2 * numSamples, 40);
  for (let n = 0; n < numSamples; n++) bytes.writeInt16LE(Math.round(32767 * sampleAt(n)), 44 + 2 * n);
  return bytes;
}

/** A tone of its own frequency. */
export function tone(hertz: number, seconds = 0.4): Uint8Array {
  return wav(Math.round(22050 * seconds), (n) => 0.5 * Math.sin((2 * Math.PI * hertz * n) / 22050));
}
