// A process of test/parallel/resumeOnRanks.test.ts: one rank of several runs after another. Arguments: the store, the folder of the runs, and
// jobs as JSON: [{ run, rank, size, port, from, stopAfter, set }]. `from` is a run that is copied before it goes on; with `stopAfter` it is told to stop after so many steps.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { setBackend } from '../../dist/backend/setBackend.js';
import { loadConfig } from '../../dist/config/loadConfig.js';
import { FeatureStore } from '../../dist/data/FeatureStore.js';
import { joinRanks } from '../../dist/parallel/RankGroup.js';
import { pretrain } from '../../dist/train/pretrain.js';

const [store, folder, jobs] = process.argv.slice(2);
const settings = [
  ...['encoder.name=vgg', 'frontEnd.nMels=24', 'frontEnd.minSeconds=0.5', 'data.patchFrames=32', 'data.patchHop=16'],
  ...['train.epochs=2', 'train.batchSize=6', 'optimizer.learningRate=0.0003', 'loss.name=ntXent', 'loss.temperature=0.3'],
];

async function work({ run, rank, size, port, from, stopAfter, set = [] }) {
  const config = loadConfig({ overrides: [...settings, ...set] });
  if (from && rank === 0) cpSync(join(folder, from), join(folder, run), { recursive: true });
  const place = { rank, size, localRank: rank, localSize: size, host: '127.0.0.1', port, isStoreThere: false, restarts: 0, launcher: 'processes' };
  const group = size > 1 ? joinRanks(place, { timeoutSeconds: 120 }) : undefined;
  const features = await FeatureStore.open(store);
  const controller = new AbortController();
  let steps = 0;
  const onProgress = () => ++steps === stopAfter && controller.abort();
  await pretrain({ store: features, config, out: join(folder, run), resume: true, group, signal: controller.signal, onProgress });
  await group?.leave();
  await features.close();
}

await setBackend({ backend: 'libtorch', threads: 1 });
for (const job of JSON.parse(jobs)) await work(job);
