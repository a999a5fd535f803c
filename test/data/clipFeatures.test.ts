import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clipLogMel } from '../../src/audio/clipLogMel.js';
import { resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { readAudio } from '../../src/audio/readAudio.js';
import { clipFeatures } from '../../src/data/clipFeatures.js';
import { clipSums } from '../../src/data/clipStatistics.js';
import { decodeFloat16, encodeFloat16 } from '../../src/util/float16.js';
import { noisyTone, oddRecordings } from '../support/oddRecordings.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { chunk, formatChunk, interleave, riff, sampleBytes } from '../support/wavParts.js';

const folder = temporaryFolder();
const frontEnd = resolveFrontEnd({ nMels: 16 });
const inPieces = { keptSamples: 0, partBytes: 4000 };

async function save(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

/** All values, parts first, and how many parts there were. */
async function collect(path: string, options: Partial<Parameters<typeof clipFeatures>[1]>) {
  const parts: Uint8Array[] = [];
  const result = await clipFeatures(path, { frontEnd, dtype: 'float32', salvage: false, ...options }, async ({ values }) => {
    parts.push(values);
  });
  return { ...result, bytes: Buffer.concat([...parts, result.values]), numParts: parts.length };
}

describe('clipFeatures', () => {
  it.each(['float32', 'float16'] as const)(
    '%s: a long recording comes in parts that are together the whole, bit for bit',
    async (dtype) => {
      const left = noisyTone(12, { sampleRate: 48_000 });
      const right = noisyTone(12, { sampleRate: 48_000, hertz: 3000 });
      const path = await save(
        'long.wav',
        riff([formatChunk({ channels: 2, sampleRate: 48_000 }), chunk('data', sampleBytes(interleave([left, right])))]),
      );
      const { data, numFrames } = clipLogMel(await readAudio(path), frontEnd);
      const [whole, pieces] = [await collect(path, { dtype }), await collect(path, { dtype, ...inPieces })];
      expect([whole.numParts, pieces.numParts > 2]).toEqual([0, true]);
      expect([whole.numFrames, pieces.numFrames, pieces.numSamples]).toEqual([numFrames, numFrames, 12 * 48_000]);
      const halves = encodeFloat16(data);
      const expected = dtype === 'float32' ? new Uint8Array(data.buffer) : new Uint8Array(halves.buffer);
      expect(Buffer.compare(whole.bytes, expected)).toBe(0);
      expect(Buffer.compare(pieces.bytes, expected)).toBe(0);
      const sums = clipSums(dtype === 'float32' ? data : decodeFloat16(halves), 16);
      expect([whole.sums, pieces.sums]).toEqual([sums, sums]);
    },
  );

  it.each([true, false])('finds damage before any frame goes out (normalise: %s)', async (normalise) => {
    const flat = resolveFrontEnd({ nMels: 16, normalise });
    const samples = noisyTone(12);
    samples[samples.length - 1] = Number.NaN;
    const path = await save('broken.wav', riff([formatChunk({ code: 3, bits: 32 }), chunk('data', sampleBytes(samples, 'float'))]));
    let numParts = 0;
    const attempt = clipFeatures(path, { frontEnd: flat, dtype: 'float32', salvage: false, ...inPieces }, async () => void numParts++);
    await expect(attempt).rejects.toThrow('must be finite, got NaN');
    expect(numParts).toBe(0);
  });

  it.each(oddRecordings.filter(({ must }) => must === 'warn'))(
    'says what is lost or doubtful in $name, whole and in parts',
    async ({ name, bytes, says }) => {
      const path = await save(name, bytes);
      for (const options of [{}, inPieces]) expect((await collect(path, options)).warnings).toEqual([expect.stringContaining(says ?? '?')]);
    },
  );

  it('uses one channel where it is asked to, and says which recordings have it not', async () => {
    const [left, right] = [noisyTone(1), noisyTone(1, { hertz: 2000 })];
    const stereo = await save('stereo.wav', riff([formatChunk({ channels: 2 }), chunk('data', sampleBytes(interleave([left, right])))]));
    const mono = await save('mono.wav', riff([formatChunk(), chunk('data', sampleBytes(right))]));
    expect((await collect(stereo, { channel: 2 })).bytes).toEqual((await collect(mono, {})).bytes);
    await expect(collect(mono, { channel: 2 })).rejects.toThrow('channel 2 was asked for, the recording has 1; pass another `channel`');
    const opposite = oddRecordings.find(({ name }) => name === 'opposite.wav')?.bytes ?? new Uint8Array(0);
    expect((await collect(await save('opposite.wav', opposite), { channel: 1 })).warnings).toEqual([]);
  });
});
