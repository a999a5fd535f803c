import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { groupOf, type Split } from '../../src/data/clip.js';
import { committedSplits } from '../../src/data/committedSplits.js';
import { dataOptions } from '../../src/data/dataOptions.js';
import { loadDataset } from '../../src/data/loadDataset.js';
import { resolveSplit } from '../../src/data/resolveSplit.js';
import { manifestProtocols } from '../../src/data/splitManifests.js';
import { parseCsv } from '../../src/util/csv.js';
import { sha256 } from '../../src/util/hash.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { testData } from '../support/testData.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const committed = (protocol: string) => readFileSync(join(root, `data/fsdnoisy18k/${protocol}.csv`), 'utf8');
const rowsOf = (protocol: string) => parseCsv(committed(protocol), protocol).rows as { id: string; split: Split }[];
const recordingOf = (id: string) => id.split('/')[1].replace('.wav', '');
const inBoth = ['393581', '414515', '417524'];

describe('the committed splits of FSDnoisy18k', () => {
  it('are the files that runs know by their hash', () => {
    const hashes = manifestProtocols.map((protocol) => [`data/fsdnoisy18k/${protocol}.csv`, sha256(committed(protocol))]);
    expect(committedSplits).toEqual(Object.fromEntries(hashes));
  });

  it.each(manifestProtocols)('%s: each recording is in one split, and the test is whole', (protocol) => {
    const rows = rowsOf(protocol);
    expect(new Set(rows.map(({ id }) => recordingOf(id))).size).toBe(rows.length);
    const test = rows.filter(({ split }) => split === 'test').map(({ id }) => id);
    expect(test).toHaveLength(947);
    expect(test.every((id) => id.startsWith('FSDnoisy18k.audio_test/'))).toBe(true);
    for (const recording of inBoth) expect(test).toContain(`FSDnoisy18k.audio_test/${recording}.wav`);
  });

  it('train and validate on 17,582 clips in all, clean and noisy together being all', () => {
    const guided = (protocol: string) => rowsOf(protocol).flatMap(({ id, split }) => (split === 'test' ? [] : id));
    expect(guided('all')).toHaveLength(17_582);
    expect([...guided('clean'), ...guided('noisy')].sort()).toEqual(guided('all'));
    expect(guided('ssl')).toEqual(guided('all'));
    const noisy = new Set(guided('noisy'));
    expect(guided('noisySmall').every((id) => noisy.has(id))).toBe(true);
    expect([guided('clean'), guided('noisy'), guided('noisySmall')].map(({ length }) => length)).toEqual([1772, 15_810, 1003]);
  });
});

const meta = testData('fsdnoisy18k_meta');
describe.skipIf(meta === undefined)('made from the metadata', async () => {
  const { clips } = meta === undefined ? { clips: [] } : await loadDataset(meta);
  const options = (given: object) => dataOptions.parse(given);

  it('by the committed script they come out byte for byte', () => {
    const out = temporaryFolder();
    execFileSync(process.execPath, [join(root, 'data/fsdnoisy18k/makeSplits.mjs'), meta!, out]);
    for (const protocol of manifestProtocols)
      expect(readFileSync(join(out, `${protocol}.csv`), 'utf8') === committed(protocol), protocol).toBe(true);
  });

  it.each(manifestProtocols)('%s is what every run gets whatever its seed, and the run says so', (protocol) => {
    const split = resolveSplit(clips, options({ protocol }), 271_828);
    expect(split.csvText === committed(protocol)).toBe(true);
    expect(split.notes).toContain(`the split is the committed one of data/fsdnoisy18k/${protocol}.csv`);
    if (protocol === 'ssl') return;
    const other = resolveSplit(clips, options({ protocol, splitSeed: 1 }), 0);
    expect(other.csvText === split.csvText).toBe(false);
    expect(other.notes.join('\n')).not.toMatch(/committed/);
  });

  it.each(['all', 'clean', 'noisy', 'noisySmall'] as const)('%s: every class is split 85 to 15', (protocol) => {
    const splitOf = new Map(rowsOf(protocol).map(({ id, split }) => [id, split]));
    const counts = new Map<string, { train: number; validation: number; test: number }>();
    for (const { id, label } of clips) {
      const split = splitOf.get(id);
      if (split === undefined) continue;
      const row = counts.get(label!) ?? { train: 0, validation: 0, test: 0 };
      row[split]++;
      counts.set(label!, row);
    }
    expect(counts.size).toBe(20);
    for (const { train, validation, test } of counts.values()) {
      expect(Math.abs(validation - 0.15 * (train + validation))).toBeLessThanOrEqual(0.5);
      expect(test).toBeGreaterThanOrEqual(30);
    }
  });

  it('compat.keepOverlap brings the three recordings back into training', () => {
    const guided = (keepOverlap: boolean) => {
      const { splitOf, notes } = resolveSplit(clips, options({ protocol: 'all', compat: { keepOverlap } }), 0);
      return { clips: clips.filter(({ id }) => ['train', 'validation'].includes(splitOf.get(id) ?? '')), notes: notes.join('\n') };
    };
    const kept = guided(true);
    expect(kept.clips).toHaveLength(17_585);
    expect(inBoth.every((recording) => kept.clips.some((clip) => groupOf(clip) === recording))).toBe(true);
    const without = guided(false);
    expect(without.notes).toMatch(/3 clips dropped/);
    expect(without.clips.some((clip) => inBoth.includes(groupOf(clip)))).toBe(false);
  });
});
