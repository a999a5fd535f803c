import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { registerReport } from '../../src/cli/report.js';
import { writeFixtureRun } from '../report/fixtureRun.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'audiossl-cli-report-'));
  for (const name of ['a', 'b'])
    await writeFixtureRun({ dir: join(root, name), classNames: [], numEpochs: 1, stepsPerEpoch: 2, evaluations: [], hasViews: false });
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** What the command writes to standard output. */
async function run(...args: string[]): Promise<string> {
  const program = new Command().version('1.2.3').exitOverride();
  registerReport(program);
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    await program.parseAsync(['report', ...args], { from: 'user' });
  } finally {
    write.mockRestore();
  }
  return text;
}

it('writes into the run and prints the path of the page', async () => {
  expect(await run(join(root, 'a'))).toBe(`${join(root, 'a', 'report', 'report.html')}\n`);
});

it('writes several runs, here without labels, to --out, as JSON on request', async () => {
  const out = join(root, 'out');
  expect(JSON.parse(await run(join(root, 'a'), join(root, 'b'), '--out', out, '--json'))).toEqual({
    json: join(out, 'report.json'),
    csv: join(out, 'report.csv'),
    markdown: join(out, 'report.md'),
    html: join(out, 'report.html'),
  });
});

it('refuses what is no run folder', async () => {
  await expect(run(root)).rejects.toThrow(/openRun: .* is no run folder/);
});
