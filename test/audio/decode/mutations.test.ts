import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAudio } from '../../../src/audio/decodeAudio.js';
import { AudiosslError } from '../../../src/util/errors.js';
import { testData } from '../../support/testData.js';
import { int16Bytes, wavFile } from '../signals.js';

const folder = testData('odd_audio');
const odd = (name: string) =>
  folder && existsSync(join(folder, 'derived', name)) ? new Uint8Array(readFileSync(join(folder, 'derived', name))) : undefined;
const esc10 = fileURLToPath(new URL('../../../data/esc10/audio/', import.meta.url));

const smallWav = wavFile(int16Bytes([1, 2, 3, 4, 5, 6, 7, 8]), { channels: 2, before: [['LIST', new Uint8Array(5)]] });

const samples: [name: string, bytes: Uint8Array | undefined, headerBytes: number, numRuns: number][] = [
  ['wav', smallWav, 70, 2000],
  ['extensible wav', odd('extensible_s16.wav')?.slice(0, 2000), 80, 1000],
  ['rf64', odd('rf64.wav')?.slice(0, 2000), 120, 1000],
  ['flac', odd('flac16.flac')?.slice(0, 12_000), 200, 100],
  ['ogg vorbis', odd('vorbis.ogg'), 400, 60],
  ['mp3', odd('mp3.mp3')?.slice(0, 4000), 600, 100],
];

/** Decodes: the result or an AudiosslError, and never more samples than the file can hold. */
async function holds(bytes: Uint8Array, salvage: boolean) {
  try {
    const { numFrames, channels } = await decodeAudio(bytes, { salvage });
    expect(numFrames).toBeGreaterThan(0);
    expect(channels.every((channel) => channel.length === numFrames && channel.every(Number.isFinite))).toBe(true);
    // WAV: at most a sample a byte. Compressed: blocks of at most 65,535 samples from some 10 bytes, checked by their sums.
    expect(numFrames * channels.length).toBeLessThan(bytes.length * 500);
  } catch (error) {
    expect(error).toBeInstanceOf(AudiosslError);
    expect((error as AudiosslError).message).not.toContain('\n');
  }
}

describe('decodeAudio: broken headers give a result or an AudiosslError', () => {
  it.each(samples)('%s: bytes changed, the end cut off', async (_, bytes, headerBytes, numRuns) => {
    if (!bytes) return;
    const edits = fc.array(
      fc.tuple(fc.nat({ max: headerBytes - 1 }), fc.oneof(fc.constantFrom(0, 1, 127, 128, 255), fc.nat({ max: 255 }))),
      {
        minLength: 0,
        maxLength: 4,
      },
    );
    const cut = fc.oneof(fc.constant(bytes.length), fc.nat({ max: bytes.length }));
    await fc.assert(
      fc.asyncProperty(edits, cut, fc.boolean(), async (changes, length, salvage) => {
        const broken = bytes.slice();
        for (const [at, value] of changes) broken[at % broken.length] = value;
        await holds(broken.subarray(0, length), salvage);
      }),
      { numRuns },
    );
  });

  it.skipIf(!existsSync(esc10))('still decodes the next file after broken ones', async () => {
    const clip = new Uint8Array(readFileSync(join(esc10, '1-100032-A.ogg')));
    const before = await decodeAudio(clip);
    for (const length of [100, 3000, 5000]) await holds(clip.slice(0, length), true);
    expect((await decodeAudio(clip)).channels).toEqual(before.channels);
  });

  it('takes random bytes for nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
        await holds(bytes, true);
      }),
      { numRuns: 200 },
    );
  });
});
