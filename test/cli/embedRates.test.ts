import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { readNpz } from '../../src/util/npz.js';
import { wav } from '../data/syntheticData.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { runHere } from './runInProcess.js';

const folder = temporaryFolder();
/** Three sounds under 3.5 kHz, which every rate here holds: trills of different tones. */
const sounds = [
  [300, 5],
  [900, 11],
  [2500, 3],
] as const;
const trill = ([hertz, rate]: readonly [number, number], sampleRate: number) =>
  wav(
    1.2 * sampleRate,
    (n) => {
      const t = n / sampleRate;
      const level = 0.25 * (1 + Math.sin(2 * Math.PI * rate * t));
      return level * (Math.sin(2 * Math.PI * hertz * t) + 0.5 * Math.sin(2 * Math.PI * 1.4 * hertz * t));
    },
    sampleRate,
  );

beforeAll(async () => {
  for (const rate of [8000, 22050, 96_000])
    for (const [i, sound] of sounds.entries()) await writeFile(join(folder, `${i}-${rate}.wav`), trill(sound, rate));
  // As a bat detector records: a call of 30 kHz over a little of the sound before.
  const bat = wav(
    96_000,
    (n) => 0.5 * Math.sin((2 * Math.PI * 30_000 * n) / 96_000) + 0.02 * Math.sin((2 * Math.PI * 900 * n) / 96_000),
    96_000,
  );
  await writeFile(join(folder, 'bat.wav'), bat);
});

it('the encoder that ships takes 8 kHz and 96 kHz as the sound that they hold, and tells what lies above its band', async () => {
  const out = join(folder, 'e.npz');
  const { code, stderr } = await runHere(['embed', '--in', folder, '--out', out]);
  expect(code).toBe(0);
  const warnings = stderr.split('\n').filter((line) => line.startsWith('warning'));
  expect(warnings).toEqual([
    expect.stringMatching(
      /^warning bat\.wav: 99\.\d+ % of the sound's power lies above 10500 Hz, where the front end hears nothing \(the recording has 96000 Hz\); take a model that was trained with a larger frontEnd\.sampleRate and frontEnd\.fMax$/,
    ),
  ]);
  const npz = await readNpz(out);
  const ids = npz.get('clip')?.data as string[];
  const h = npz.get('embedding')?.data as Float32Array;
  const dim = h.length / ids.length;
  expect([ids.length, dim]).toEqual([10, 768]);
  expect(h.every(Number.isFinite)).toBe(true);
  const row = (id: string) => h.subarray(ids.indexOf(id) * dim, (ids.indexOf(id) + 1) * dim);
  const cosine = (a: Float32Array, b: Float32Array) => {
    const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i], 0);
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  };
  for (const rate of [8000, 96_000])
    for (const i of sounds.keys()) {
      const own = row(`${i}-${rate}.wav`);
      const [same, ...others] = [i, ...[0, 1, 2].filter((j) => j !== i)].map((j) => cosine(own, row(`${j}-22050.wav`)));
      // Above 4 kHz a recording of 8 kHz holds the resampler's rounding where the others hold that of their 16 bits.
      expect(same).toBeGreaterThan(0.9);
      expect(same).toBeGreaterThan(Math.max(...others) + 0.1);
    }
});

it('each command advises what its user can do', async () => {
  const store = join(folder, 'store');
  const features = await runHere(['features', '--data', folder, '--out', store]);
  expect(features.stderr).toMatch(/bat\.wav: .* lies above 10500 Hz, .*; choose a larger frontEnd\.sampleRate and frontEnd\.fMax$/m);
  const check = await runHere(['data', 'check', folder]);
  expect(check.stdout + check.stderr).toMatch(
    /bat\.wav: .* lies above 10500 Hz, .*; pre-train with a larger frontEnd\.sampleRate and frontEnd\.fMax$/m,
  );
});
