import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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

it('writes the logs for TensorBoard, a folder a run, and refuses a folder that cannot be written or has such files', async () => {
  const dir = join(root, 'boards');
  await run(join(root, 'a'), join(root, 'b'), '--out', join(root, 'out'), '--tensorboard', dir);
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('events.out'));
  expect(names.sort()).toEqual([expect.stringMatching(/^a\/events\.out\.tfevents\.\d{10}\./), expect.stringMatching(/^b\/events\.out/)]);
  const written = readFileSync(join(dir, names[0]));
  // A record begins with its length in 8 bytes; the first says the version.
  expect(written.subarray(12, 12 + Number(written.readBigUInt64LE(0))).toString('latin1')).toContain('brain.Event:2');
  for (const tag of ['loss', 'learningRate']) expect(written.toString('latin1')).toContain(tag);

  writeFileSync(join(root, 'file'), '');
  const board = (to: string) => run(join(root, 'a'), '--out', join(root, 'out'), '--tensorboard', to);
  await expect(board(join(root, 'file', 'below'))).rejects.toThrow(
    /^report: --tensorboard: .*below.* must be a folder that can be written: .*; give another$/,
  );
  mkdirSync(join(root, 'taken', 'a'), { recursive: true });
  writeFileSync(join(root, 'taken', 'a', 'events.out.tfevents.0000000001.other'), '');
  await expect(board(join(root, 'taken'))).rejects.toThrow(
    /has events\.out\.tfevents\.0000000001\.other already, every curve would be there twice/,
  );
});

it('refuses what is no run folder', async () => {
  await expect(run(root)).rejects.toThrow(/openRun: .* is no run folder/);
});
