import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expandSweep } from '../../src/sweep/expandSweep.js';
import { readSweepFile } from '../../src/sweep/sweepFile.js';
import { sweepFolder } from '../../src/sweep/sweepFolder.js';
import { checkPlan, readPlan, settlePlan } from '../../src/sweep/sweepPlan.js';
import { folderWith } from '../data/syntheticData.js';

describe('the plan of a sweep', () => {
  it('is kept, may grow, and may not change', async () => {
    const dir = await folderWith();
    const expand = (sweep: object) => {
      writeFileSync(join(dir, 'sweep.yaml'), JSON.stringify(sweep));
      return expandSweep(readSweepFile(join(dir, 'sweep.yaml')), { dataFolds: [] });
    };
    const folder = sweepFolder(join(dir, 'out'));
    const evaluate = [{ protocol: 'knn', split: 'validation' }];
    const sweep = { grid: { 'loss.temperature': [0.1, 0.2] }, seeds: [0, 1], evaluate };
    const plan = { source: '/data', runs: expand(sweep) };
    await settlePlan(folder, plan);
    const withoutConfig = (runs: typeof plan.runs) => JSON.parse(JSON.stringify(runs.map(({ config, ...run }) => run)));
    expect((await readPlan(folder))?.runs).toEqual(withoutConfig(plan.runs));
    expect(readdirSync(join(dir, 'out', 'configs'))).toHaveLength(4);

    const grown = expand({ ...sweep, seeds: [2, 1, 0], evaluate: [...evaluate, { protocol: 'linear', split: 'validation' }] });
    await settlePlan(folder, { ...plan, runs: grown });
    expect((await readPlan(folder))?.runs).toEqual(withoutConfig(grown));

    const refused: [object, string][] = [
      [{ ...sweep, seeds: [0, 1] }, 'its run temperature0.1-seed2 is not in the sweep file any more'],
      [{ ...sweep, seeds: [0, 1, 2] }, 'its evaluation {"checkpoint":"best","protocol":"linear","split":"validation"} is not in the sweep'],
      [
        { ...sweep, seeds: [0, 1, 2], evaluate: [...evaluate, { protocol: 'linear', split: 'validation' }], set: { 'train.epochs': 4 } },
        'in its run temperature0.1-seed2 train.epochs was 500, now 4',
      ],
    ];
    for (const [other, message] of refused) await expect(checkPlan(folder, { ...plan, runs: expand(other) })).rejects.toThrow(message);
    await expect(checkPlan(folder, { source: '/other', runs: grown })).rejects.toThrow('its data are /data, now /other');
  });

  it('takes no folder with other files, and touches nothing', async () => {
    const dir = await folderWith({ 'notes.txt': 'mine' });
    const refusal = checkPlan(sweepFolder(dir), { source: '/data', runs: [] });
    await expect(refusal).rejects.toThrow(`--out must be a new folder or that of a sweep, ${dir} has other files (notes.txt)`);
    await checkPlan(sweepFolder(join(dir, 'new')), { source: '/data', runs: [] });
    expect(existsSync(join(dir, 'new'))).toBe(false);
  });
});
