import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { registerWhiten } from '../../src/cli/whiten.js';
import { loadConfig } from '../../src/config/loadConfig.js';
import { clipMeans } from '../../src/embed/embedClips.js';
import { embedSet } from '../../src/embed/embedSet.js';
import { readSplit } from '../../src/eval/evaluationClips.js';
import { loadCheckpoint } from '../../src/model/checkpoint.js';
import { loadModel } from '../../src/model/loadModel.js';
import { runFolder } from '../../src/run/runFolder.js';
import { pretrain } from '../../src/train/pretrain.js';
import { inProcess } from '../cli/runInProcess.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneStore } from './toneStore.js';

beforeAll(() => setBackend({ backend: 'wasm' }));

it('train.whiten: once it is over, a run has a checkpoint by which its training clips have mean 0 and, all shrunk away, variance 1', async () => {
  const store = await toneStore(10);
  const config = loadConfig({
    overrides: [
      ...['encoder={name: resnet18, width: 16}', 'frontEnd.nMels=24', 'frontEnd.minSeconds=0.5', 'data.patchFrames=32', 'data.patchHop=16'],
      ...['train.batchSize=8', 'train.epochs=2', 'views=[]', 'train.whiten=1'],
    ],
  });
  const out = join(temporaryFolder(), 'run');
  const run = runFolder(out);
  await pretrain({ store, config, out, untilEpoch: 1 });
  expect(existsSync(run.whitenedCheckpoint)).toBe(false);
  await pretrain({ store, config, out, resume: true });
  const model = await loadModel(out, { checkpoint: 'whitened' });
  expect(model.metadata).toMatchObject({ epoch: 2, whitening: { shrinkage: 1 }, projectionHead: null });
  const { splitOf } = await readSplit(run.split);
  const ofTrainingClips = [...splitOf.values()].filter((split) => split === 'train').length;
  const statistics = async (split: string) => {
    const clips = [...store.clips.keys()].filter((i) => splitOf.get(store.clips[i].id) === split);
    const patches = await embedSet({ model, store, clips, name: split, batchSize: 32 });
    const rows = clipMeans(patches, clips.length);
    return Array.from({ length: patches.dim }, (_, i) => {
      const values = clips.map((_, row) => rows[row * patches.dim + i]);
      const mean = values.reduce((sum, value) => sum + value / values.length, 0);
      return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2 / values.length, 0) };
    });
  };
  // A unit of the network that is never on stays 0.
  const ofTraining = (await statistics('train')).filter(({ variance }) => variance > 0);
  expect(ofTraining.length).toBeGreaterThan(60);
  for (const { mean, variance } of ofTraining) {
    expect(Math.abs(mean)).toBeLessThan(1e-3);
    expect(variance).toBeCloseTo(1, 2);
  }
  const ofValidation = (await statistics('validation')).map(({ mean }) => Math.abs(mean));
  expect(Math.max(...ofValidation)).toBeGreaterThan(0.1);
  model.dispose();
  await store.close();

  // The command makes the same of the run, to the bit: by the same clips, of the same weights.
  const byCommand = join(temporaryFolder(), 'white.safetensors');
  const command = ['whiten', '--model', out, '--checkpoint', 'last', '--shrinkage', '1', '--out', byCommand, '--backend', 'wasm'];
  expect(await inProcess(registerWhiten)(...command)).toContain(`decorrelated by ${ofTrainingClips} recordings`);
  const [ofRun, ofCommand] = await Promise.all([run.whitenedCheckpoint, byCommand].map((path) => loadCheckpoint(path)));
  expect([...ofCommand.tensors.keys()]).toEqual([...ofRun.tensors.keys()]);
  for (const [name, { data }] of ofRun.tensors) expect(ofCommand.tensors.get(name)?.data, name).toEqual(data);
  expect(ofCommand.metadata).toEqual(ofRun.metadata);
});
