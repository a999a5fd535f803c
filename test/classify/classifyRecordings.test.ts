import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { clipLogMel } from '../../src/audio/clipLogMel.js';
import { readAudio } from '../../src/audio/readAudio.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { type ClassifiedRecording, type ClassifyOptions, classifyRecordings } from '../../src/classify/classifyRecordings.js';
import { audacityLabels, csvLines, ravenTable } from '../../src/classify/labelFormats.js';
import { writeLabels } from '../../src/classify/writeLabels.js';
import { gridStarts } from '../../src/data/samplers.js';
import { cutPatches } from '../../src/embed/cutPatches.js';
import { loadModel, type Model } from '../../src/model/loadModel.js';
import { tone } from '../data/syntheticData.js';
import { saveSmallModel } from '../model/smallModel.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneFrontEnd } from '../train/toneStore.js';

const folder = temporaryFolder();
const classNames = ['low', 'middle', 'high'];
const recordings = ['a.wav', 'broken.wav', 'b.wav'].map((id) => ({ id, path: join(folder, id) }));
const frameSeconds = toneFrontEnd.hopLength / toneFrontEnd.sampleRate;
let model: Model;

beforeAll(async () => {
  await setBackend({ backend: 'wasm' });
  await writeFile(join(folder, 'a.wav'), tone(300, 1.3));
  await writeFile(join(folder, 'b.wav'), tone(900, 0.7));
  await writeFile(join(folder, 'broken.wav'), 'RIFF');
  model = await loadModel(await saveSmallModel(folder, { frontEnd: { ...toneFrontEnd }, classNames, withClassifier: true }));
});

/** Mean over the patches of some frames of softmax(h W + b), one patch at a time. */
async function probabilities(path: string, [first, count]: [number, number]): Promise<number[]> {
  const logMel = clipLogMel(await readAudio(path), toneFrontEnd);
  const starts = gridStarts(Math.min(count, logMel.numFrames), 32, 16);
  const sums = [0, 0, 0];
  for (const start of starts) {
    const values = tf.tidy(() => model.classifyPatches!(tf.tensor3d(cutPatches(logMel, [first + start], 32), [1, 32, 24])).dataSync());
    for (const c of sums.keys()) sums[c] += values[c] / starts.length;
  }
  return sums;
}

async function classify(options: Partial<ClassifyOptions> = {}) {
  const found: ClassifiedRecording[] = [];
  const onRecording = async (recording: ClassifiedRecording) => void found.push(recording);
  const summary = await classifyRecordings({ model, recordings, top: 3, batchSize: 3, onRecording, ...options });
  return { found, summary };
}

describe('classifyRecordings', () => {
  test('whole recordings: every class by its mean probability over the patches, the likeliest first; broken ones are listed', async () => {
    const { found, summary } = await classify();
    expect(found.map(({ id, seconds }) => [id, seconds])).toEqual([
      ['a.wav', 1.3],
      ['b.wav', 0.7],
    ]);
    expect(summary.rejected.map(({ id }) => id)).toEqual(['broken.wav']);
    for (const { id, seconds, sounds } of found) {
      const expected = await probabilities(join(folder, id), [0, Number.POSITIVE_INFINITY]);
      const order = [0, 1, 2].sort((a, b) => expected[b] - expected[a]);
      expect(sounds.map(({ begin, end, label }) => [begin, end, label])).toEqual(order.map((c) => [0, seconds, classNames[c]]));
      expect(sounds.map(({ probability }) => probability)).toBeAllClose(
        order.map((c) => expected[c]),
        { atol: 1e-5 },
      );
    }
  });

  test('windows: where each begins and ends, what is likely in it, the last one at the end of the recording', async () => {
    const { found } = await classify({ window: { window: 0.5, hop: 0.3 } });
    for (const { id, seconds, sounds } of found) {
      const { numFrames } = clipLogMel(await readAudio(join(folder, id)), toneFrontEnd);
      const [length, hop] = [0.5, 0.3].map((value) => Math.round(value / frameSeconds));
      const firsts = [];
      for (let first = 0; first + length < numFrames; first += hop) firsts.push(first);
      firsts.push(numFrames - length);
      expect(sounds.length).toBe(3 * firsts.length);
      for (const [i, first] of firsts.entries()) {
        const here = sounds.slice(3 * i, 3 * i + 3);
        expect(here[0].begin).toBeCloseTo(first * frameSeconds, 9);
        expect(here[0].end).toBeCloseTo(Math.min(seconds, (first + length) * frameSeconds), 9);
        const expected = await probabilities(join(folder, id), [first, length]);
        for (const { label, probability } of here) expect(probability).toBeCloseTo(expected[classNames.indexOf(label)], 5);
      }
    }
  });

  test('threshold, top and classes leave out the others and change no probability', async () => {
    const [all, [likeliest]] = await Promise.all([classify(), classify({ top: 1 }).then(({ found }) => found)]);
    const [first, second, third] = all.found[0].sounds;
    expect(likeliest.sounds).toEqual([first]);
    expect((await classify({ threshold: (second.probability + third.probability) / 2 })).found[0].sounds).toEqual([first, second]);
    expect((await classify({ classes: [third.label, second.label], top: 1 })).found[0].sounds).toEqual([second]);
    expect((await classify({ threshold: 1 })).found.map(({ sounds }) => sounds)).toEqual([[], []]);
  });

  test('refuses models without classifier, unknown classes and what is no probability or number, and leaves nothing on the backend', async () => {
    const before = tf.memory().numTensors;
    await expect(classify({ model: { ...model, classify: undefined } })).rejects.toThrow(
      /model\.safetensors has no classifier; keep one with audiossl evaluate RUN --protocol linear --keep-probe/,
    );
    await expect(classify({ classes: ['hihg'] })).rejects.toThrow('classify: the classifier has no class "hihg"; did you mean "high"?');
    await expect(classify({ classes: ['entirely'] })).rejects.toThrow(/no class "entirely"; it has low, middle, high$/);
    await expect(classify({ threshold: 1.5 })).rejects.toThrow(/the threshold must be a probability, 0 to 1, got 1.5/);
    await expect(classify({ top: 0 })).rejects.toThrow(/top must be a whole number from 1 on, got 0/);
    await expect(classify({ window: { window: 0.01, hop: 0.01 } })).rejects.toThrow(/at least as long as the model's patch/);
    await expect(classify({ onError: 'fail' })).rejects.toThrow(/broken\.wav/);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('label files', () => {
  const recording: ClassifiedRecording = {
    id: 'sub/a, b.wav',
    seconds: 3,
    sounds: [
      { begin: 0, end: 1.5, label: 'dog', probability: 0.98765 },
      { begin: 1.2345678, end: 3, label: 'rain\ton "tin"', probability: 0.5 },
    ],
  };
  const frontEnd = { fMin: 50, fMax: 10_500 };

  test('csv, selection tables of Raven and labels of Audacity, to the letter', () => {
    expect(csvLines(recording)).toBe('"sub/a, b.wav",0.000,1.500,dog,0.9877\n"sub/a, b.wav",1.235,3.000,"rain\ton ""tin""",0.5000\n');
    expect(ravenTable(recording, { low: 50, high: 10_500 })).toBe(
      [
        'Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tClass\tProbability',
        '1\tSpectrogram 1\t1\t0.000\t1.500\t50\t10500\tdog\t0.9877',
        '2\tSpectrogram 1\t1\t1.235\t3.000\t50\t10500\train on "tin"\t0.5000',
        '',
      ].join('\n'),
    );
    expect(audacityLabels(recording)).toBe('0.000\t1.500\tdog 0.99\n1.235\t3.000\train on "tin" 0.50\n');
  });

  test('a table is whole or absent; folders mirror the ids and never leave themselves; nothing is overwritten by another', async () => {
    const out = join(folder, 'labels', 'l.csv');
    const one = [recording.id];
    await writeLabels({ out, format: 'csv', ids: one, frontEnd }, (write) => write(recording));
    expect(await readFile(out, 'utf8')).toBe(`id,beginSeconds,endSeconds,class,probability\n${csvLines(recording)}`);
    const broken = writeLabels({ out: join(folder, 'labels', 'no.csv'), format: 'csv', ids: one, frontEnd }, async (write) => {
      await write(recording);
      throw new Error('stopped');
    });
    await expect(broken).rejects.toThrow('stopped');
    expect(existsSync(join(folder, 'labels', 'no.csv'))).toBe(false);

    const raven = join(folder, 'raven');
    const ids = ['sub/a, b.wav', '../outside/c.wav', '/etc/d.wav'];
    await writeLabels({ out: raven, format: 'raven', ids, frontEnd }, async (write) => {
      for (const id of ids) await write({ ...recording, id });
    });
    for (const place of ['sub/a, b.wav', 'outside/c.wav', 'etc/d.wav'])
      expect(await readFile(join(raven, `${place}.selections.txt`), 'utf8')).toBe(ravenTable(recording, { low: 50, high: 10_500 }));
    const clash = writeLabels({ out: join(folder, 'clash'), format: 'audacity', ids: ['x.wav', '../x.wav'], frontEnd }, async () => {
      throw new Error('nothing is classified before that is told');
    });
    await expect(clash).rejects.toThrow(/the labels of x\.wav and \.\.\/x\.wav would both be .*x\.wav\.labels\.txt; name one folder/);
    expect(existsSync(join(folder, 'clash'))).toBe(false);
    await mkdir(join(folder, 'isFolder'));
    const wrong = (path: string, format: 'csv' | 'raven') => writeLabels({ out: path, format, ids: one, frontEnd }, async () => {});
    await expect(wrong(join(folder, 'isFolder'), 'csv')).rejects.toThrow(/csv writes one file, .*isFolder is a folder/);
    await expect(wrong(join(folder, 'a.wav'), 'raven')).rejects.toThrow(/a file a recording into a folder, .*a\.wav is a file/);
  });
});
