import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/backend/libtorch/loadAddon.js';
import { freePort } from '../../../src/util/freePort.js';
import { runNode } from '../../parallel/startRanks.js';
import { availableBackends } from '../../support/backends.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { toneStoreFolder } from '../../train/toneStore.js';
import { readLog, tinySettings } from '../trainingRuns.js';

const main = fileURLToPath(new URL('../../../dist/bundle/cli/main.js', import.meta.url));
const hasRanks = availableBackends.includes('libtorch') && loadAddon().hasRanks?.() === true;
const settings = [...tinySettings, 'train.batchSize=9'];
const pretrain = (store: string, run: string, ...more: string[]) => [
  ...[main, 'pretrain', '--features', store, '--out', run, '--threads', '1', '--set', 'train.epochs=1'],
  ...settings.flatMap((setting) => ['--set', setting]),
  ...more,
];

describe.skipIf(!hasRanks)('pretrain on several ranks', () => {
  it('makes one run, with the losses of one process, and leaves nothing else', async () => {
    const dir = await toneStoreFolder();
    const [several, alone] = ['several', 'alone'].map((name) => join(temporaryFolder(), name));
    const ends = await Promise.all([
      runNode(pretrain(dir, several, '--processes', '2', '--gradient-precision', 'float32')),
      runNode(pretrain(dir, alone)),
    ]);
    expect(ends.map(({ code, stderr }) => [code, stderr.includes('rror')])).toEqual([[0, false], [0, false]]); // biome-ignore format: a row each
    expect(ends[0].stdout).toContain('finished after epoch 1');
    const [start, ...records] = readLog(several);
    expect(start).toMatchObject({ ranks: 2, launcher: 'processes', threads: 1 });
    const losses = (lines: typeof records) => lines.filter(({ kind }) => kind === 'step').map(({ loss }) => loss as number);
    // The first step differs by rounding alone, 5e-6 of the loss at most; what comes after it on few clips makes that larger.
    expect(losses(records)[0] / losses(readLog(alone))[0]).toBeCloseTo(1, 5);
    expect(losses(records).length).toBe(losses(readLog(alone)).length);
    expect(records.filter(({ kind }) => kind === 'step').every(({ ranksWaitedSeconds }) => (ranksWaitedSeconds as number) > 0)).toBe(true);
    expect(readdirSync(join(several, 'checkpoints')).sort()).toEqual(['best.safetensors', 'last.safetensors']);
  }, 120_000);

  it('refuses ranks with other clips, config or precision before the first step, and names what differs', async () => {
    const dir = await toneStoreFolder();
    const other = join(temporaryFolder(), 'store');
    cpSync(dir, other, { recursive: true });
    const clips = readFileSync(join(other, 'clips.csv'), 'utf8');
    const [hash] = /\b[0-9a-f]{32,}\b/.exec(clips) ?? [];
    writeFileSync(join(other, 'clips.csv'), clips.replace(String(hash), String(hash).replace(/./g, '0')));
    const run = join(temporaryFolder(), 'run');
    const place = { WORLD_SIZE: '2', MASTER_ADDR: '127.0.0.1', MASTER_PORT: String(await freePort()), OMP_NUM_THREADS: '1' };
    const ends = await Promise.all([
      runNode(pretrain(dir, run), { ...place, RANK: '0' }),
      runNode(pretrain(other, run, '--set', 'loss.temperature=0.3'), { ...place, RANK: '1' }),
    ]);
    for (const { code, stderr } of ends) {
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(/pretrain: all ranks must have the same release, data, config and precision; they differ in/),
      ]);
      expect(stderr).toMatch(
        /config\.loss\.temperature \(rank 0: 0\.\d+, rank 1: 0\.3\), data\.contents \(rank 0: "\w{64}", rank 1: "\w{64}"\)/,
      );
    }
    expect(existsSync(join(run, 'log.jsonl'))).toBe(false);
  }, 120_000);
});
