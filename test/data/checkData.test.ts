import { describe, expect, it } from 'vitest';
import { checkData } from '../../src/data/checkData.js';
import { dataStatistics, summarise } from '../../src/data/dataStatistics.js';
import { loadDataset } from '../../src/data/loadDataset.js';
import { testData } from '../support/testData.js';
import { folderWith, tone, wav } from './syntheticData.js';

/** The same samples in a file with another chunk before them: other bytes, same content. */
function withExtraChunk(file: Uint8Array): Uint8Array {
  const chunk = Buffer.from('JUNK\x04\0\0\0abcd', 'latin1');
  const out = Buffer.concat([file.subarray(0, 36), chunk, file.subarray(36)]);
  out.writeUInt32LE(out.length - 8, 4);
  return out;
}

describe('checkData', () => {
  it('finds each kind of trouble once, and nothing else', async () => {
    const csv = [
      'fname,label,split,group',
      'a.wav,x,train,g1',
      'b.wav,x,train,g2',
      'copy of a.wav,y,test,g3',
      'gone.wav,x,train,g4',
      'same group.wav,y,test,g2',
      'silent.wav,y,validation,g5',
      'offset.wav,y,validation,g6',
      'quiet.wav,y,validation,g7',
      'text.wav,x,train,g8',
      '1/twice.wav,x,train,g9',
      '2/twice.wav,x,test,g10',
    ].join('\n');
    const dir = await folderWith({
      'labels.csv': csv,
      'a.wav': tone(400),
      'b.wav': tone(500),
      'copy of a.wav': withExtraChunk(tone(400)),
      'same group.wav': tone(600),
      'silent.wav': wav(2205, () => 0),
      'offset.wav': wav(2206, () => 0.25),
      // Four steps of 16 bit: -78 dB of full scale, not silence.
      'quiet.wav': wav(2207, (n) => (4 / 32767) * (n % 2 === 0 ? 1 : -1)),
      'text.wav': 'no audio',
      '1/twice.wav': tone(700),
      '2/twice.wav': tone(800),
      'extra.wav': tone(900),
    });
    const done: number[] = [];
    const check = await checkData({ dataset: await loadDataset(dir), numWorkers: 2, onProgress: (n) => done.push(n) });
    expect(done).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(check).toMatchObject({
      kind: 'csv',
      numClips: 11,
      missing: ['gone.wav'],
      unlisted: ['extra.wav'],
      silent: ['offset.wav', 'silent.wav'],
    });
    expect(check.unreadable.map(({ id }) => id)).toEqual(['text.wav']);
    expect(check.unreadable[0].reason).toMatch(/text\.wav/);
    expect(check.duplicates).toEqual([{ ids: ['a.wav', 'copy of a.wav'], labels: ['x', 'y'], splits: ['train', 'test'] }]);
    expect(check.overlapById).toEqual([{ key: 'twice.wav', ids: ['1/twice.wav', '2/twice.wav'], splits: ['train', 'test'] }]);
    expect(check.overlapByGroup).toEqual([{ key: 'g2', ids: ['b.wav', 'same group.wav'], splits: ['train', 'test'] }]);
    expect(check.overlapByContent.map(({ ids, splits }) => ({ ids, splits }))).toEqual([
      { ids: ['a.wav', 'copy of a.wav'], splits: ['train', 'test'] },
    ]);
    // Steps up and down by turns are all at half the rate, where the front end ends before.
    expect(check.warnings).toEqual([{ id: 'quiet.wav', warning: expect.stringContaining('lies above 10500 Hz') }]);
    expect(check.numProblems).toBe(9);
    expect(check.classCounts).toEqual([
      { label: 'x', counts: { train: 5, test: 1 }, total: 6 },
      { label: 'y', counts: { test: 2, validation: 3 }, total: 5 },
    ]);
  });

  it('keeps two rates of the same samples apart', async () => {
    const samples = (n: number) => Math.sin(n);
    const dir = await folderWith({ 'a.wav': wav(3000, samples, 22050), 'b.wav': wav(3000, samples, 44100) });
    expect((await checkData({ dataset: await loadDataset(dir), numWorkers: 1 })).duplicates).toEqual([]);
  });

  const meta = testData('fsdnoisy18k_meta');
  it.skipIf(meta === undefined)("finds FSDnoisy18k's three names in train and test without any audio", async () => {
    const check = await checkData({ dataset: await loadDataset(meta!) });
    expect(check.overlapById.map(({ key }) => key).sort()).toEqual(['393581.wav', '414515.wav', '417524.wav']);
    expect(check.overlapByGroup.map(({ key }) => key).sort()).toEqual(['393581', '414515', '417524']);
    expect([check.missing, check.unreadable]).toEqual([[], []]);
  });
});

describe('dataStatistics', () => {
  it('adds up durations, rates and descriptors', async () => {
    const dir = await folderWith({
      'low/a.wav': tone(400, 1),
      'low/b.wav': tone(400, 3),
      'high/c.wav': wav(44100, (n) => 0.5 * Math.sin((2 * Math.PI * 5000 * n) / 44100), 44100),
      'high/d.wav': 'no audio',
    });
    const statistics = await dataStatistics({ dataset: await loadDataset(dir), numWorkers: 2 });
    expect(statistics).toMatchObject({
      numClips: 4,
      numUnreadable: 1,
      totalSeconds: 5,
      seconds: { mean: 5 / 3, median: 1, min: 1, max: 3 },
      sampleRates: { 22050: 2, 44100: 1 },
      channels: { 1: 3 },
    });
    expect(statistics.classes.map(({ label, total, seconds }) => [label, total, seconds])).toEqual([
      ['high', 2, 1],
      ['low', 2, 4],
    ]);
    // A tone's centroid is its frequency; leakage of the window moves it by a few bins of 22-43 Hz at most.
    const { spectralCentroid, zeroCrossingRate } = statistics.descriptors!;
    expect(spectralCentroid.min).toBeGreaterThan(350);
    expect(spectralCentroid.min).toBeLessThan(600);
    expect(spectralCentroid.max).toBeGreaterThan(4900);
    expect(spectralCentroid.max).toBeLessThan(5300);
    // Two crossings a period.
    expect(Math.abs(zeroCrossingRate.max - 10_000)).toBeLessThan(200);
  });

  it('takes the middle or the mean of the two in the middle as the median', () => {
    expect(summarise([3, 1, 2])).toEqual({ mean: 2, median: 2, min: 1, max: 3 });
    expect(summarise([4, 1, 2, 3])).toEqual({ mean: 2.5, median: 2.5, min: 1, max: 4 });
  });
});
