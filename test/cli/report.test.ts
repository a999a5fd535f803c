import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { registerReport } from '../../src/cli/report.js';
import { writeFixtureRun } from '../report/fixtureRun.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { inProcess } from './runInProcess.js';

let root: string;
beforeAll(async () => {
  root = temporaryFolder();
  for (const name of ['a', 'b'])
    await writeFixtureRun({ dir: join(root, name), classNames: [], numEpochs: 1, stepsPerEpoch: 2, evaluations: [], hasViews: false });
});

const program = inProcess(registerReport);
const run = (...args: string[]) => program('report', ...args);

it('writes into the run and prints the path of the page', async () => {
  expect(await run(join(root, 'a'))).toBe(`${join(root, 'a', 'report', 'report.html')}\n`);
});

it('writes several runs, here without labels, to --out, as JSON on request', async () => {
  const out = join(root, 'out');
  expect(JSON.parse(await run(join(root, 'a'), join(root, 'b'), '--out', out, '--json'))).toEqual({
    json: join(out, 'report.json'),
    csv: join(out, 'report.csv'),
    log: join(out, 'log.csv'),
    markdown: join(out, 'report.md'),
    html: join(out, 'report.html'),
  });
});

it('refuses what is no run folder', async () => {
  await expect(run(root)).rejects.toThrow(/openRun: .* is no run folder/);
});
