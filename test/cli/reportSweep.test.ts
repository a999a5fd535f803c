import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { registerReport } from '../../src/cli/report.js';
import { toYaml } from '../../src/run/configText.js';
import { writeFixtureSweep } from '../report/fixtureSweep.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { inProcess } from './runInProcess.js';

const reads = vi.hoisted(() => new Map<string, number>());
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>();
  const readFile = (path: string, ...options: []) => {
    reads.set(path, (reads.get(path) ?? 0) + 1);
    return fs.readFile(path, ...options);
  };
  return { ...fs, readFile };
});

it('judges the claims of a sweep by its runs, whose files are each read once', async () => {
  const root = temporaryFolder();
  const evaluations = [{ protocol: 'linear', split: 'test', checkpoint: 'best' }];
  const { runs } = await writeFixtureSweep({
    root,
    seeds: [0, 1, 2, 3, 4],
    folds: [],
    systems: [
      { name: 'good', config: { loss: { temperature: 0.1 } }, skill: 0.9 },
      { name: 'poor', config: { loss: { temperature: 0.2 } }, skill: 0.4 },
    ],
  });
  mkdirSync(join(root, 'configs'));
  const planned = runs.map(({ dir, lastCheckpoint }) => {
    const [system, seed] = basename(dir).split('-seed');
    writeFileSync(lastCheckpoint, '');
    writeFileSync(join(root, 'configs', `${basename(dir)}.yaml`), `seed: ${seed}\n`);
    return { name: basename(dir), system, variant: system, command: 'pretrain', keys: {}, seed: Number(seed), evaluations };
  });
  const claim = (better: string, than: string) => ({ claim: `${better} beats ${than}.`, cases: [{ better, than }] });
  const claims = [claim('good', 'poor'), claim('poor', 'good')];
  writeFileSync(join(root, 'sweep.yaml'), toYaml({ schemaVersion: 1, source: root, claims, runs: planned }));

  reads.clear();
  const { json, html } = JSON.parse(await inProcess(registerReport)('report', root, '--json'));
  const ofRuns = [...reads].filter(([path]) => /\/(log\.jsonl|config\.yaml|evaluations\/.*)$/.test(path));
  expect(ofRuns.length).toBe(4 * runs.length);
  expect(ofRuns.filter(([, times]) => times !== 1)).toEqual([]);

  const { comparison } = JSON.parse(readFileSync(json, 'utf8'));
  expect(comparison.systems.map(({ name }: { name: string }) => name)).toEqual(['good', 'poor']);
  expect(comparison.sweepClaims.map((one: Record<string, string>) => [one.claim, one.verdict])).toEqual([
    ['good beats poor.', 'supported'],
    ['poor beats good.', 'notSupported'],
  ]);
  expect(readFileSync(html, 'utf8')).toContain('good beats poor.');
});
