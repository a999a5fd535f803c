import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { buildFeatureStore } from '../../src/data/buildFeatureStore.js';
import { checkData, type DataCheck } from '../../src/data/checkData.js';
import { loadDataset } from '../../src/data/loadDataset.js';
import { oddRecordings } from '../support/oddRecordings.js';
import { folderWith } from './syntheticData.js';

const refused = oddRecordings.filter(({ must }) => must === 'refuse');
const warned = oddRecordings.filter(({ must }) => must === 'warn');
let dir: string;
let check: DataCheck;

beforeAll(async () => {
  dir = await folderWith(Object.fromEntries(oddRecordings.map(({ name, bytes }) => [name, bytes])));
  check = await checkData({ dataset: await loadDataset(dir), numWorkers: 2 });
});

const named = (list: readonly { id: string }[]) => [...new Set(list.map(({ id }) => id))].sort();

describe('a folder of recordings as recorders, pipes and taggers leave them', () => {
  it('data check refuses what must be, with a remedy, and names what is lost in the rest', () => {
    expect(named(check.unreadable)).toEqual(refused.map(({ name }) => name).sort());
    for (const { reason } of check.unreadable) expect(reason).toMatch(/; .*(--salvage|ffmpeg)/);
    for (const { name, says = '?' } of warned)
      expect(check.warnings.filter(({ id }) => id === name)).toEqual([{ id: name, warning: expect.stringContaining(says) }]);
    const quiet = oddRecordings.filter(({ must, says }) => must === 'use' && says === undefined).map(({ name }) => name);
    expect(named(check.warnings).filter((id) => quiet.includes(id))).toEqual([]);
  });

  it('features uses the same ones and tells the same', async () => {
    const out = join(dir, '..', 'store');
    const frontEnd = resolveFrontEnd({ nMels: 8 });
    const summary = await buildFeatureStore({ dataset: await loadDataset(dir), frontEnd, out, numWorkers: 2 });
    expect(named(summary.rejected)).toEqual(named(check.unreadable));
    // The advice is that which fits the command.
    const told = (list: typeof check.warnings) =>
      list.map(({ id, warning }) => ({ id, warning: warning.replace(/; (choose|pre-train with) a larger/, '; a larger') }));
    expect(told(summary.warnings)).toEqual(told(check.warnings));
    const salvaged = await buildFeatureStore({
      dataset: await loadDataset(dir),
      frontEnd,
      out: `${out}-salvaged`,
      numWorkers: 2,
      salvage: true,
    });
    expect(salvaged.rejected).toEqual([]);
    expect(named(salvaged.warnings)).toEqual([...new Set([...named(check.warnings), ...refused.map(({ name }) => name)])].sort());
    // The samples that are used are counted in the store.
    const lines = (await readFile(join(out, 'clips.csv'), 'utf8')).trim().split('\n');
    const column = lines[0].split(',').indexOf('numSamples');
    const counts = Object.fromEntries(lines.slice(1).map((line) => [line.split(',')[0], Number(line.split(',')[column])]));
    for (const { name, must, numFrames } of oddRecordings) expect(counts[name]).toBe(must === 'refuse' ? undefined : numFrames);
  });
});
