import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expandSweep } from '../../src/sweep/expandSweep.js';
import { readSweepFile } from '../../src/sweep/sweepFile.js';
import { sweepFolder } from '../../src/sweep/sweepFolder.js';
import { checkPlan, readPlan, settlePlan } from '../../src/sweep/sweepPlan.js';
import { folderWith } from '../data/syntheticData.js';

const engine = { backend: 'libtorch', device: 'cpu', precision: 'bfloat16', threads: 1 };

describe('the plan of a sweep', () => {
  it('is kept, may grow, and may not change', async () => {
    const dir = await folderWith();
    const expand = (sweep: object) => {
      writeFileSync(join(dir, 'sweep.yaml'), JSON.stringify(sweep));
      return expandSweep(readSweepFile(join(dir, 'sweep.yaml')), { clips: [] });
    };
    const folder = sweepFolder(join(dir, 'out'));
    const evaluate = [{ protocol: 'knn', split: 'validation' }];
    const sweep = { grid: { 'loss.temperature': [0.1, 0.2] }, seeds: [0, 1], evaluate };
    const plan = { source: '/data', engine, runs: expand(sweep) };
    expect(await settlePlan(folder, plan)).toEqual([]);
    const withoutConfig = (runs: typeof plan.runs) => JSON.parse(JSON.stringify(runs.map(({ config, ...run }) => run)));
    expect((await readPlan(folder))?.runs).toEqual(withoutConfig(plan.runs));
    const claims = [{ claim: 'Cold is better.', cases: [{ better: 'temperature0.1', than: 'temperature0.2' }] }];
    await settlePlan(folder, { ...plan, claims });
    expect((await readPlan(folder))?.claims).toEqual(claims);
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
    await expect(checkPlan(folder, { ...plan, source: '/other', runs: grown })).rejects.toThrow('its data are /data, now /other');
  });

  it('keeps to its engine, and notes another number of threads', async () => {
    const folder = sweepFolder(await folderWith());
    const plan = { source: '/data', engine, runs: [] };
    await settlePlan(folder, plan);
    expect((await readPlan(folder))?.engine).toEqual(engine);
    for (const [change, now] of [
      [{ backend: 'wasm', precision: 'float32' }, 'wasm cpu float32'],
      [{ precision: 'float32' }, 'libtorch cpu float32'],
      [{ device: 'cuda' }, 'libtorch cuda bfloat16'],
    ] as const) {
      await expect(settlePlan(folder, { ...plan, engine: { ...engine, ...change } })).rejects.toThrow(
        `sweep: ${folder.dir} was computed on libtorch cpu bfloat16, now ${now}, and one table must not mix the two; ` +
          'pass `backend` libtorch `device` cpu `precision` bfloat16 to go on as it was, or another `out`',
      );
    }
    expect((await readPlan(folder))?.engine).toEqual(engine);
    expect(await settlePlan(folder, { ...plan, engine: { ...engine, threads: 4 } })).toEqual([
      'threads of each run: 4, before 1: a run that goes on is not bit-identical to an undisturbed one',
    ]);
    expect((await readPlan(folder))?.engine?.threads).toBe(4);
  });

  it('takes no folder with other files, and touches nothing', async () => {
    const dir = await folderWith({ 'notes.txt': 'mine' });
    const refusal = checkPlan(sweepFolder(dir), { source: '/data', engine, runs: [] });
    await expect(refusal).rejects.toThrow(`\`out\` must be a new folder or that of a sweep, ${dir} has other files (notes.txt)`);
    await checkPlan(sweepFolder(join(dir, 'new')), { source: '/data', engine, runs: [] });
    expect(existsSync(join(dir, 'new'))).toBe(false);
  });
});
