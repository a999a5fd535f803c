import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeAudio } from '../../src/audio/decodeAudio.js';
import { checkData, type DataCheck } from '../../src/data/checkData.js';
import { loadDataset } from '../../src/data/loadDataset.js';
import { parseCsv } from '../../src/util/csv.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { testData } from '../support/testData.js';

const script = testData('odd_recordings.py');
let hasPython = true;
try {
  execFileSync('python3', ['--version'], { stdio: 'ignore' });
} catch {
  hasPython = false;
}

/** What a table or a folder of the script comes to: labels (or splits, or folds) and how many clips have each. */
const fourPets = { cat: 2, dog: 2 };
const tables: Record<string, { labels: Record<string, number>; folds?: number; splits?: Record<string, number>; similar?: string[][] }> = {
  // The three dogs are one class; the fourth is named, and left to the user.
  'tables/blanks': { labels: { Dog: 1, dog: 3 }, similar: [['Dog', 'dog']] },
  'tables/semicolon': { labels: fourPets },
  'tables/tab': { labels: fourPets },
  'tables/utf16': { labels: fourPets },
  'tables/names': { labels: fourPets },
  'tables/spreadsheet': { labels: fourPets },
  'folders/splits': { labels: { none: 24 }, splits: { train: 8, validation: 8, test: 8 } },
  'folders/UrbanSound8K': { labels: { drilling: 5, siren: 5 }, folds: 10 },
  'folders/two-tones': { labels: { high: 30, low: 30 } },
};

describe.skipIf(script === undefined || !hasPython)('expected.csv of odd_recordings.py (skipped without the script or python3)', () => {
  const dir = join(temporaryFolder(), 'odd');
  let lines: { file: string; must: string }[];
  let check: DataCheck;

  beforeAll(async () => {
    execFileSync('python3', [script as string, dir], { stdio: 'ignore' });
    const { rows } = parseCsv(readFileSync(join(dir, 'expected.csv'), 'utf8'), 'expected.csv');
    lines = rows.map(({ file, must }) => ({ file, must }));
    // All as recordings and nothing else, so that each is looked at.
    check = await checkData({ dataset: await loadDataset(dir, { format: 'unlabelled' }), numWorkers: 2 });
  });

  it('holds for every line that is a recording', async () => {
    const recordings = lines.filter(({ file }) => !file.endsWith('.csv'));
    expect(recordings.length).toBe(check.numClips);
    const reasonOf = new Map(check.unreadable.map(({ id, reason }) => [id, reason]));
    for (const { file, must } of recordings) {
      const warnings = check.warnings.filter(({ id }) => id === file).map(({ warning }) => warning);
      if (must === 'refuse') {
        expect(reasonOf.get(file), file).toMatch(/^[^\n]*; [^\n]*--salvage/);
        continue;
      }
      expect(reasonOf.get(file), file).toBeUndefined();
      if (must === 'warn') expect(warnings, file).not.toEqual([]);
      if (file.startsWith('tables/') || file.startsWith('folders/')) expect(warnings, file).toEqual([]);
      if (must === 'use') {
        // The script's tones last 3 s, those of several channels and in folders 1 s; an encoder may add a little.
        const seconds = /^(wav|flac|mp3)\//.test(file) && !file.includes('5ch') ? 3 : 1;
        const { numFrames, sampleRate } = await decodeAudio(readFileSync(join(dir, file)), { file });
        expect(numFrames / sampleRate, file).toBeGreaterThanOrEqual(seconds);
        expect(numFrames / sampleRate, file).toBeLessThan(seconds + 0.15);
      }
    }
    const warningOf = (file: string) => check.warnings.find(({ id }) => id === file)?.warning;
    // Both lengths where the header is wrong, the remedy where the sound is not heard.
    expect(warningOf('wav/too-short.wav')).toMatch(/44100 samples.* 220500/);
    expect(warningOf('wav/doubled.wav')).toMatch(/132300 samples.* 66150/);
    expect(warningOf('wav/opposite.wav')).toMatch(/--channel 1/);
    expect(warningOf('wav/nearly-opposite.wav')).toMatch(/--channel 1/);
    expect(warningOf('wav/ultrasound.wav')).toMatch(/frontEnd\.sampleRate/);
  });

  it('holds for every line that is a table, and for the folders', async () => {
    const isKnown = ({ file }: { file: string }) =>
      /^(wav|flac|mp3)\//.test(file) || Object.keys(tables).some((at) => file.startsWith(`${at}/`));
    expect(lines.filter((line) => !isKnown(line))).toEqual([]);
    for (const [at, { labels, splits, folds, similar = [] }] of Object.entries(tables)) {
      const dataset = await loadDataset(join(dir, at));
      const count = (of: (clip: (typeof dataset.clips)[number]) => string | undefined) =>
        dataset.clips.reduce<Record<string, number>>((table, clip) => {
          const key = of(clip) ?? 'none';
          table[key] = (table[key] ?? 0) + 1;
          return table;
        }, {});
      expect(
        count(({ label }) => label),
        at,
      ).toEqual(labels);
      expect(
        count(({ split }) => split),
        at,
      ).toEqual(splits ?? { none: dataset.clips.length });
      expect(Object.keys(count(({ fold }) => fold)).length, at).toBe(folds ?? 1);
      expect(dataset.similarLabels ?? [], at).toEqual(similar);
      expect([dataset.missing, dataset.unlisted], at).toEqual([[], []]);
      // Each table is named with what was read from it.
      for (const { file } of lines.filter(({ file }) => file.startsWith(`${at}/`) && file.endsWith('.csv')))
        expect(dataset.notes.join('\n'), file).toContain(`rows of ${file.slice(at.length + 1)}`);
    }
  });
});
