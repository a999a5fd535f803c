import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PlannedRun } from '../../src/sweep/expandSweep.js';
import { clearStillborn } from '../../src/sweep/runState.js';
import { runSweep } from '../../src/sweep/runSweep.js';
import { spawnStage } from '../../src/sweep/spawnStage.js';
import { sweepFolder } from '../../src/sweep/sweepFolder.js';
import { folderWith } from '../data/syntheticData.js';

const evaluations = (['knn', 'linear'] as const).map((protocol) => ({ protocol, split: 'test', checkpoint: 'best' }) as const);
const runsOf = (...names: string[]) =>
  names.map((name) => ({ name, seed: 0, evaluations, config: { evaluation: {} } }) as unknown as PlannedRun);
const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

describe('runSweep', () => {
  it('runs the stages of a run in order, so many runs at once, and goes on after failures', async () => {
    const said: string[] = [];
    let atOnce = 0;
    let most = 0;
    const folder = sweepFolder(await folderWith());
    // A run keeps embeddings for its evaluations.
    const kept = (name: string) => join(folder.run(name), 'embeddings');
    const { failures } = await runSweep({
      folder,
      runs: runsOf('a', 'b', 'c', 'd', 'e'),
      jobs: 2,
      async runStage({ name }, stage) {
        most = Math.max(most, ++atOnce);
        await turn();
        atOnce--;
        const what = stage.kind === 'training' ? 'training' : stage.evaluation.protocol;
        if (what === 'knn') mkdirSync(kept(name), { recursive: true });
        if (what === 'linear') expect(existsSync(kept(name))).toBe(true);
        said.push(`${name} ${what}`);
        if (name === 'b' && what === 'training') return 'no data';
        if (name === 'c' && what === 'knn') throw new Error('broken\nlog');
        return undefined;
      },
    });
    expect(most).toBe(2);
    expect(['a', 'c', 'd'].map((name) => existsSync(kept(name)))).toEqual([false, true, false]);
    expect(said.filter((line) => line.startsWith('a'))).toEqual(['a training', 'a knn', 'a linear']);
    // Nothing to evaluate without weights; the other evaluation does not need the one that failed.
    expect(said.filter((line) => line.startsWith('b'))).toEqual(['b training']);
    expect(said.filter((line) => line.startsWith('c'))).toEqual(['c training', 'c knn', 'c linear']);
    expect(said).toHaveLength(3 + 1 + 3 + 3 + 3);
    expect(failures.map(({ run, errors }) => [run.name, errors])).toEqual([
      ['b', ['no data']],
      ['c', ['broken log']],
    ]);
  });

  it('starts nothing after a stop, and waits for what is under way', async () => {
    const controller = new AbortController();
    const started: string[] = [];
    const said: string[] = [];
    const { failures } = await runSweep({
      folder: sweepFolder(await folderWith()),
      runs: runsOf('a', 'b', 'c'),
      jobs: 2,
      signal: controller.signal,
      async runStage({ name }) {
        started.push(name);
        while (started.length < 2) await turn();
        controller.abort();
        await turn();
        said.push(name);
        return 'exit code 130';
      },
    });
    expect(said.sort()).toEqual(['a', 'b']);
    expect(failures).toEqual([]);
  });

  it('starts nothing when it is stopped while it looks up what is there', async () => {
    const controller = new AbortController();
    const said: string[] = [];
    const sweep = runSweep({
      folder: sweepFolder(await folderWith()),
      runs: runsOf('a', 'b'),
      jobs: 1,
      signal: controller.signal,
      async runStage({ name }) {
        said.push(name);
        return undefined;
      },
    });
    controller.abort();
    await sweep;
    expect(said).toEqual([]);
  });
});

describe('spawnStage', () => {
  const node = (script: string): [string, ...string[]] => [process.execPath, '-e', script, '--'];

  it("says the command's last error, its exit code, or the signal that killed it; the log has everything", async () => {
    const log = join(await folderWith(), 'logs', 'a.txt');
    expect(await spawnStage({ program: node('console.log(process.argv.slice(1).join())'), args: ['x', 'y'], log })).toBeUndefined();
    const fails = node("console.error('audiossl: first'); console.error('audiossl: no data'); console.error('more'); process.exit(2)");
    expect(await spawnStage({ program: fails, args: [], log })).toBe('no data');
    // The errors before it in the log are none of its own.
    expect(await spawnStage({ program: node('process.exit(3)'), args: [], log })).toBe('exit code 3');
    expect(await spawnStage({ program: node("process.kill(process.pid, 'SIGKILL')"), args: [], log })).toBe('killed by SIGKILL');
    expect(readFileSync(log, 'utf8')).toMatch(/^\$ audiossl x y\nx,y\n\$ audiossl \naudiossl: first\naudiossl: no data\nmore\n/);
  });

  it('hands a signal on', async () => {
    const log = join(await folderWith(), 'a.txt');
    const controller = new AbortController();
    const program = node("process.on('SIGINT', () => process.exit(130)); setInterval(() => {}, 1000); process.send('ready')");
    const stage = spawnStage({ program, args: [], log, signal: controller.signal, stopSignal: () => 'SIGINT' });
    setTimeout(() => controller.abort(), 1500);
    expect(await stage).toMatch(/exit code 130|killed by SIGINT/);
  });
});

describe('clearStillborn', () => {
  it('takes away a folder in which nothing has begun, and nothing else', async () => {
    const stillborn = await folderWith({ '.config.yaml.12.ab.tmp': 'seed' });
    await clearStillborn(stillborn);
    expect(existsSync(stillborn)).toBe(false);
    for (const file of ['config.yaml', 'notes.txt', 'checkpoints/last.safetensors']) {
      const dir = await folderWith({ [file]: '', '.config.yaml.12.ab.tmp': 'seed' });
      await clearStillborn(dir);
      expect(existsSync(join(dir, file))).toBe(true);
    }
  });
});
