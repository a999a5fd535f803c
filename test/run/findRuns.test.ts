import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { findRuns } from '../../src/run/findRuns.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

let sweep: string;
beforeEach(async () => {
  sweep = temporaryFolder();
  await writeFile(join(sweep, 'sweep.yaml'), '');
  await writeFile(join(sweep, 'table.csv'), '');
  await mkdir(join(sweep, 'logs'));
  for (const name of ['b-seed0', 'a-seed0']) {
    await mkdir(join(sweep, name));
    await writeFile(join(sweep, name, 'config.yaml'), '');
  }
});

describe('findRuns', () => {
  const runs = () => ['a-seed0', 'b-seed0'].map((name) => join(sweep, name));

  it('takes a sweep’s folder for its runs', async () => {
    expect(await findRuns([sweep])).toEqual({ runDirs: runs(), sweep, leftOut: [] });
  });

  it('takes everything in a sweep, and says what is no run', async () => {
    const all = (await readdir(sweep)).sort().map((name) => join(sweep, name));
    expect(await findRuns(all)).toEqual({
      runDirs: runs(),
      sweep,
      leftOut: ['logs', 'sweep.yaml', 'table.csv'].map((name) => join(sweep, name)),
    });
  });

  it('names each run once and leaves other paths to be refused by whoever opens them', async () => {
    const [a, b] = runs();
    expect(await findRuns([a, sweep])).toEqual({ runDirs: [a, b], sweep, leftOut: [] });
    expect((await findRuns(['/nowhere', a])).runDirs).toEqual(['/nowhere', a]);
    expect(await findRuns([a])).toEqual({ runDirs: [a], sweep: undefined, leftOut: [] });
  });

  it('refuses a sweep without runs', async () => {
    for (const run of runs()) await rm(run, { recursive: true });
    await expect(findRuns([sweep])).rejects.toThrow(/has no run yet/);
    await expect(findRuns([join(sweep, 'logs')])).rejects.toThrow(/must be a run folder/);
  });
});
