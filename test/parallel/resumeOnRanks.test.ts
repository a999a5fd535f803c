import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/backend/libtorch/loadAddon.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { FeatureStore } from '../../src/data/FeatureStore.js';
import { whitenModel } from '../../src/embed/whitenModel.js';
import { readSplit } from '../../src/eval/evaluationClips.js';
import { loadModel } from '../../src/model/loadModel.js';
import { runFolder } from '../../src/run/runFolder.js';
import { freePort } from '../../src/util/freePort.js';
import { loadSafetensors } from '../../src/util/safetensors.js';
import { curve, readLog, tensorBytes } from '../cli/trainingRuns.js';
import { availableBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneStoreFolder } from '../train/toneStore.js';
import { runNode } from './startRanks.js';

const script = fileURLToPath(new URL('./resumeOnRanks.mjs', import.meta.url));
const hasRanks = availableBackends.includes('libtorch') && loadAddon().hasRanks?.() === true;

describe.skipIf(!hasRanks)('the checkpoint of a run on two ranks, stopped amid an epoch', () => {
  let folder: string;
  let store: string;
  const last = (run: string) => join(folder, run, 'checkpoints', 'last.safetensors');
  const steps = (run: string) => curve(join(folder, run)).map(({ ranksWaitedSeconds, ...rest }) => rest);
  const losses = (run: string) => readLog(join(folder, run)).flatMap(({ kind, loss }) => (kind === 'step' ? [loss as number] : []));

  // Three processes for all: ranks of the runs on two and on three, one of them for the run on one as well.
  beforeAll(async () => {
    folder = temporaryFolder();
    store = await toneStoreFolder(12); // 20 of them to train on: batches of 6, 6 and 8
    const ports = await Promise.all([freePort(), freePort(), freePort(), freePort(), freePort()]);
    const onTwo = [
      { run: 'whole', size: 2, port: ports[0] },
      { run: 'stopped', size: 2, port: ports[1], stopAfter: 1 }, // the step after it is under way by then,
      { run: 'two', size: 2, port: ports[2], from: 'stopped' },
      {
        run: 'local',
        size: 2,
        port: ports[4],
        set: ['encoder={name: resnet18, width: 16}', 'train.epochs=1', 'train.ranks.batchNorm=local', 'train.whiten=0.5'],
      },
    ];
    const onThree = { run: 'three', size: 3, port: ports[3], from: 'stopped' };
    const onOne = { run: 'one', size: 1, from: 'stopped' };
    const jobs = [0, 1, 2].map((rank) => [...(rank < 2 ? onTwo : []), onThree].map((job) => ({ ...job, rank })));
    jobs[0].push({ ...onOne, rank: 0 } as (typeof jobs)[0][0]);
    const ends = await Promise.all(jobs.map((own) => runNode([script, store, folder, JSON.stringify(own)])));
    expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual(ends.map(() => [0, '']));
  }, 120_000);

  it('is of a run that was stopped amid an epoch', () => {
    expect(readLog(join(folder, 'stopped')).at(-1)).toMatchObject({ kind: 'end', reason: 'interrupted', step: 2 });
    expect(losses('whole').length).toBe(6);
  });

  it('goes on bit for bit on two', () => {
    expect(steps('two')).toEqual(steps('whole'));
    expect(tensorBytes(last('two')).equals(tensorBytes(last('whole')))).toBe(true);
    expect(
      readLog(join(folder, 'two'))
        .filter(({ kind }) => kind === 'start')
        .at(-1),
    ).not.toHaveProperty('changedEngine');
  });

  it('is whitened by ranks that look with the statistics of rank 0, which are saved, as by one process', async () => {
    await setBackend({ backend: 'libtorch', threads: 1 });
    const run = runFolder(join(folder, 'local'));
    const features = await FeatureStore.open(store);
    const model = await loadModel(run.dir, { checkpoint: 'last' });
    const { splitOf } = await readSplit(run.split);
    const clips = [...features.clips.keys()].filter((i) => splitOf.get(features.clips[i].id) === 'train');
    const alone = join(folder, 'alone.safetensors');
    await whitenModel({ model, store: features, clips, out: alone, shrinkage: 0.5 });
    model.dispose();
    await features.close();
    const [actual, expected] = await Promise.all(
      [run.whitenedCheckpoint, alone].map(async (path) => (await loadSafetensors(path)).tensors),
    );
    expect([...actual.keys()]).toEqual([...expected.keys()]);
    for (const [path, { data }] of expected) {
      if (!path.startsWith('whitening.')) continue;
      // Embeddings differ by the rounding of other numbers of patches, 1e-6; a map of half shrunk correlations at most doubles it.
      const largest = (data as Float32Array).reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      expect(actual.get(path)?.data, path).toBeAllClose(data as Float32Array, { rtol: 0, atol: 1e-5 * largest });
    }
  });

  it.each([
    ['one', 'libtorch cpu float32 1 threads'],
    ['three', 'libtorch cpu float32 1 threads on each of 3 ranks'],
  ])('goes on on %s but for the rounding, and says so', async (run, engine) => {
    const start = readLog(join(folder, run))
      .filter(({ kind }) => kind === 'start')
      .at(-1);
    expect(start).toMatchObject({
      resumedFromStep: 2,
      changedEngine: `resumed on ${engine}, before it was libtorch cpu float32 1 threads on each of 2 ranks: from here on not bit-identical to an undisturbed run`,
    });
    // Sums in another order, of which batch norm over so few clips makes more: on libtorch 1.13 1e-5 at most, which the same networks keep in
    // test/backend/libtorchRanks.test.ts too; on PyTorch 2.13's library 5e-5 of the losses and 1.1e-4 in the weights and statistics, of a VGG-like encoder.
    expect(losses(run)).toBeAllClose(losses('whole'), { rtol: 1e-4, atol: 1e-5 });
    const [actual, expected] = await Promise.all([run, 'whole'].map(async (name) => (await loadSafetensors(last(name))).tensors));
    expect([...actual.keys()]).toEqual([...expected.keys()]);
    const networks = [...expected].filter(([path, { dtype }]) => dtype === 'F32' && !path.startsWith('optimizer.'));
    expect(networks.length).toBeGreaterThan(10);
    for (const [path, { data }] of networks) {
      expect(actual.get(path)?.data, path).toBeAllClose(data as Float32Array, { rtol: 1e-5, atol: 3e-4 });
    }
  });
});
