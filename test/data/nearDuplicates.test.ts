import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mixDown } from '../../src/audio/mixDown.js';
import { readAudio } from '../../src/audio/readAudio.js';
import { resample } from '../../src/audio/resample.js';
import { checkData } from '../../src/data/checkData.js';
import { matchAround } from '../../src/data/fingerprintMatch.js';
import { loadDataset } from '../../src/data/loadDataset.js';
import { findNearDuplicates } from '../../src/data/nearDuplicates.js';
import { Rng } from '../../src/util/rng.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { folderWith, wav } from './syntheticData.js';

const rng = new Rng({ seed: 3, purpose: 'near-duplicates' });
const randomWords = (n: number) => Uint32Array.from({ length: n }, () => rng.uint32());
/** Each bit turned with this probability. */
const disturbed = (words: Uint32Array, probability: number) =>
  words.map((word) => {
    let mask = 0;
    for (let bit = 0; bit < 32; bit++) mask = (mask << 1) | (rng.uniform() < probability ? 1 : 0);
    return (word ^ mask) >>> 0;
  });
const joined = (...parts: Uint32Array[]) => Uint32Array.from(parts.flatMap((part) => [...part]));

describe('findNearDuplicates', () => {
  it('finds what two have in common, wherever it stands in each', async () => {
    const common = randomWords(40);
    const [a, b] = [joined(randomWords(100), common, randomWords(30)), joined(randomWords(7), disturbed(common, 0.1), randomWords(200))];
    const found = await findNearDuplicates([randomWords(300), a, randomWords(50), b]);
    expect(found).toHaveLength(1);
    const { startA, startB, length, bitErrors, score, ...pair } = found[0];
    expect(pair).toEqual({ a: 1, b: 3, numWords: length });
    // Words of chance at the ends may agree in more than 65 %.
    expect(Math.abs(startA - 100)).toBeLessThan(5);
    expect(startA - startB).toBe(93);
    expect(Math.abs(length - 40)).toBeLessThan(8);
    expect(Math.abs(bitErrors - 0.1)).toBeLessThan(0.05);
    expect(score).toBeCloseTo(length * 32 * (0.35 - bitErrors), 6);
  });

  it('is what trying every diagonal of every pair by a loop finds', async () => {
    const [one, other] = [randomWords(60), randomWords(25)];
    const prints = [
      joined(randomWords(20), one),
      joined(other, randomWords(40)),
      joined(disturbed(one, 0.15), new Uint32Array(20), disturbed(other, 0.05)),
      randomWords(90),
      joined(disturbed(other.subarray(0, 12), 0), randomWords(30)), // 12 words cannot be enough
    ];
    const byLoop: [number, number, number][] = [];
    for (let a = 0; a < prints.length; a++)
      for (let b = a + 1; b < prints.length; b++) {
        let best = 0;
        for (let i = 0; i < prints[a].length; i++)
          for (let j = 0; j < prints[b].length; j++) best = Math.max(best, matchAround(prints[a], prints[b], i, j).score);
        if (best >= 200) byLoop.push([a, b, best]);
      }
    expect(byLoop.map(([a, b]) => [a, b])).toEqual([
      [0, 2],
      [1, 2],
    ]);
    const found = await findNearDuplicates(prints);
    expect(found.map(({ a, b, score }) => [a, b, Math.round(1000 * score)])).toEqual(
      byLoop.map(([a, b, score]) => [a, b, Math.round(1000 * score)]),
    );
  });

  it('finds a hundred copies of one, and sorts a bounded number of words', async () => {
    const sound = randomWords(400);
    const prints = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? disturbed(sound, 0.03) : randomWords(400)));
    const found = await findNearDuplicates(prints);
    // All are found with some other; of many equal words not every pair is tried.
    expect(new Set(found.flatMap(({ a, b }) => [a, b]))).toEqual(new Set(Array.from({ length: 50 }, (_, i) => 2 * i)));
    const few = await findNearDuplicates(prints.slice(0, 10), { maxEntries: 400 });
    expect(few.map(({ a, b }) => [a, b])).toHaveLength(10);
  });

  it('matches over what is silent in one of the two, and stops where they part', () => {
    const sound = randomWords(50);
    const gap = sound.slice();
    gap.fill(0, 10, 30);
    expect(matchAround(sound, gap, 5, 5)).toMatchObject({ startA: 0, length: 50, numWords: 30, bitErrors: 0 });
    const parted = joined(sound.subarray(0, 30), randomWords(400));
    expect(Math.abs(matchAround(joined(sound, randomWords(400)), parted, 5, 5).length - 30)).toBeLessThan(5);
    expect(matchAround(sound, new Uint32Array(50), 5, 5)).toMatchObject({ length: 0, score: 0 });
  });
});

const esc10 = new URL('../../data/esc10/', import.meta.url);
const audio = (name: string) => join(esc10.pathname, 'audio', name);
/** Of each class the first clips, and three pairs of which the set's authors say that they are cuts of one recording, or sound like it. */
const rows = readFileSync(new URL('labels.csv', esc10), 'utf8').trim().split('\n').slice(1);
const sample = [
  ...rows.filter((_, i) => i % 40 < 2),
  ...rows.filter((row) => /^(3-151080-A|5-151085-A|2-28314-A|2-30322-A|2-28314-B|2-30322-B)\./.test(row)),
].map((row) => row.split(',')[0]);

describe('data check, near-duplicates', () => {
  it('tells copies at other rates and levels, cut and late, those that cross splits first; of the bundled recordings only true ones', async () => {
    const dir = join(temporaryFolder(), 'data');
    mkdirSync(dir);
    for (const name of sample) await copyFile(audio(name), join(dir, name));
    const copies: string[] = [];
    const copy = async (name: string, kind: string, change: (samples: Float32Array) => Float32Array, sampleRate = 22_050) => {
      const { channels } = await readAudio(audio(name));
      const samples = change(mixDown(channels));
      copies.push(`${kind}-${name.slice(0, -4)}.wav`);
      writeFileSync(
        join(dir, copies.at(-1) as string),
        wav(samples.length, (n) => Math.max(-1, Math.min(1, samples[n])), sampleRate),
      );
    };
    // A sneeze and a dog's bark are the shortest of all.
    const sources = [...sample.filter((_, i) => i % 5 === 0), rows.find((row) => row.includes('person_sneeze'))?.split(',')[0] as string];
    for (const name of sources) {
      await copy(name, 'slow', (x) => resample(x, { from: 22_050, to: 16_000 }), 16_000);
      await copy(name, 'quiet', (x) => x.map((value) => value / 4));
      await copy(name, 'late', (x) => Float32Array.from([...new Float32Array(Math.round(0.37 * 22_050)), ...x]));
      await copy(name, 'cut', (x) => x.subarray(0, 66_150));
    }
    const table = [
      'fname,label,split,fold',
      ...rows.filter((row) => sample.includes(row.split(',')[0])).map((row) => row.split(',').slice(0, 4).join(',')),
      ...copies.map((name) => `${name},${name.startsWith('cut') ? 'other' : ''},validation,`),
    ];
    writeFileSync(join(dir, 'labels.csv'), table.join('\n'));
    const check = await checkData({ dataset: await loadDataset(dir), numWorkers: 2, nearDuplicates: true });
    const pairs = check.nearDuplicates ?? [];
    const soundOf = (id: string) => id.replace(/^(slow|quiet|late|cut)-/, '').replace(/\.\w+$/, '');
    const found = new Set(pairs.filter(({ ids: [a, b] }) => soundOf(a) === soundOf(b)).flatMap(({ ids }) => ids));
    expect(copies.filter((name) => !found.has(name))).toEqual([]);
    const others = pairs.filter(({ ids: [a, b] }) => soundOf(a) !== soundOf(b)).map(({ ids }) => ids.map(soundOf).sort().join(' '));
    expect(new Set(others)).toEqual(new Set(['3-151080-A 5-151085-A', '2-28314-A 2-30322-A', '2-28314-B 2-30322-B']));

    const ofBabies = pairs.find(({ ids }) => ids.join() === '3-151080-A.ogg,5-151085-A.ogg');
    expect(ofBabies).toMatchObject({ splits: ['train', 'test'], folds: ['3', '5'] });
    expect(ofBabies).not.toHaveProperty('labels');
    // By cross-correlation of the samples one is 0.65 s behind the other.
    const [first, second] = ofBabies?.startSeconds ?? [];
    expect(Math.abs((first as number) - (second as number) - 0.65)).toBeLessThan(0.03);
    const late = pairs.find(({ ids: [a, b] }) => b.startsWith('late') && soundOf(a) === soundOf(b) && a.endsWith('.ogg'));
    expect(Math.abs((late?.startSeconds[1] as number) - (late?.startSeconds[0] as number) - 0.37)).toBeLessThan(0.03);

    const isSplit = pairs.map(({ splits }) => splits !== undefined);
    expect(isSplit).toEqual([...isSplit].sort((a, b) => Number(b) - Number(a)));
    expect(isSplit).toContain(false);
    expect(check.numProblems).toBe(pairs.length + check.duplicates.length + check.silent.length + check.warnings.length);
  });

  it('says of which it cannot be told, and of equal copies nothing here', async () => {
    const dir = await folderWith({
      'short.wav': wav(2000, (n) => 0.5 * Math.sin(n / 3)),
      'silent.wav': wav(44_100, () => 0),
      'a.wav': wav(44_100, (n) => 0.5 * Math.sin(n * n * 1e-5)),
      'b.wav': wav(44_100, (n) => 0.5 * Math.sin(n * n * 1e-5)),
    });
    const dataset = await loadDataset(dir);
    expect(await checkData({ dataset, numWorkers: 1, nearDuplicates: true })).toMatchObject({
      nearDuplicates: [],
      notCompared: ['short.wav', 'silent.wav'],
      duplicates: [{ ids: ['a.wav', 'b.wav'] }],
    });
    expect(await checkData({ dataset, numWorkers: 1 })).not.toHaveProperty('nearDuplicates');
  });

  let hasFfmpeg = true;
  try {
    execFileSync('ffmpeg', ['-version'], { stdio: 'ignore' });
  } catch {
    hasFfmpeg = false;
  }
  it.skipIf(!hasFfmpeg)('tells copies that went through MP3, Vorbis and Opus (skipped without ffmpeg)', async () => {
    const dir = join(temporaryFolder(), 'data');
    mkdirSync(dir);
    const names = sample.filter((_, i) => i % 8 === 0);
    const codecs = { mp3: ['-b:a', '64k'], ogg: ['-c:a', 'libvorbis', '-q:a', '3'], opus: ['-ar', '48000', '-b:a', '32k'] };
    for (const name of names) {
      await copyFile(audio(name), join(dir, name));
      const outputs = Object.entries(codecs).flatMap(([ending, options]) => [
        ...options,
        join(dir, `${ending}-${name.slice(0, -4)}.${ending}`),
      ]);
      execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-i', audio(name), ...outputs]);
    }
    const { nearDuplicates = [] } = await checkData({ dataset: await loadDataset(dir), numWorkers: 2, nearDuplicates: true });
    const sourceOf = (id: string) => id.replace(/^(mp3|ogg|opus)-/, '').replace(/\.\w+$/, '');
    const withSource = nearDuplicates.filter(({ ids: [a, b] }) => sourceOf(a) === sourceOf(b));
    const found = new Set(withSource.flatMap(({ ids }) => ids));
    expect(
      names
        .flatMap((name) => Object.keys(codecs).map((ending) => `${ending}-${name.slice(0, -4)}.${ending}`))
        .filter((id) => !found.has(id)),
    ).toEqual([]);
    const others = nearDuplicates.filter(({ ids: [a, b] }) => sourceOf(a) !== sourceOf(b));
    expect(others.filter(({ ids }) => !ids.every((id) => /151080-A|151085-A|28314|30322/.test(id)))).toEqual([]);
  });
});
