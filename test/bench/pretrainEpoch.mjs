#!/usr/bin/env node
// Whole epochs of `audiossl pretrain` on the bundled ESC-10 recordings at batch 64: what a user gets, beside the bare training step.
//
//     npm run build && node test/bench/pretrainEpoch.mjs [--epochs 3] [--backend libtorch] [--precision float32] [--threads N]
//
// Prints one JSON line: patches/s of the epochs after the first (reading, augmentation, step, optimiser, logging), the share of a step
// that each part takes, and the seconds of a look at the validation clips, and of its nearest neighbours alone (the rest is the loss and the
// alignment on pairs of views), beside those of an epoch over as many clips (two views of each).
// Needs an otherwise idle machine.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    epochs: { type: 'string', default: '3' },
    backend: { type: 'string', default: 'auto' },
    precision: { type: 'string', default: 'float32' },
    threads: { type: 'string' },
  },
});

const root = fileURLToPath(new URL('../..', import.meta.url));
const src = (name) => import(new URL(`../../dist/${name}.js`, import.meta.url).href);
const [{ loadConfig }, { loadDataset }, { buildFeatureStore }, { FeatureStore }, { setBackend }, { pretrain }] = await Promise.all(
  ['config/loadConfig', 'data/loadDataset', 'data/buildFeatureStore', 'data/FeatureStore', 'backend/setBackend', 'train/pretrain'].map(src),
);
const [{ loadModel }, { embedClips }, { leaveOneClipOutKnn }] = await Promise.all(
  ['model/loadModel', 'embed/embedClips', 'eval/knn'].map(src),
);

/** Of a look: every patch of as many clips, side by side, embedded once, and their nearest neighbours. Median of three. */
async function secondsOfNeighbours(store, run, numClips) {
  const model = await loadModel(run);
  const embedder = { patchFrames: model.patchFrames, patchHop: model.patchFrames, embedPatches: (x) => model.embedPatches(x) };
  const clips = Array.from({ length: numClips }, (_, i) => i);
  const seconds = [];
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    const patches = await embedClips({ model: embedder, store, clips, batchSize: 128 });
    const labels = Array.from(patches.clipOfPatch, (clip) => clip % 10);
    await leaveOneClipOutKnn({ patches, labels, numClasses: 10, neighbours: 200 });
    seconds.push((performance.now() - start) / 1000);
  }
  return seconds.sort((a, b) => a - b)[1];
}

const folder = await mkdtemp(join(tmpdir(), 'audiossl-bench-'));
try {
  const config = loadConfig({ file: join(root, 'configs/esc10-authors.yaml'), overrides: [`train.epochs=${options.epochs}`, 'train.monitorEveryEpochs=1'] });
  await buildFeatureStore({
    dataset: await loadDataset(join(root, 'data/esc10')),
    frontEnd: config.frontEnd,
    out: join(folder, 'features'),
    numWorkers: 2,
  });
  const store = await FeatureStore.open(join(folder, 'features'));
  const backend = await setBackend({
    backend: options.backend,
    precision: options.precision,
    ...(options.threads && { threads: Number(options.threads) }),
  });
  const steps = [];
  const looks = [];
  const facts = { command: [], versions: {}, configHash: '', backend: backend.name, ...backend };
  await pretrain({
    store,
    config,
    out: join(folder, 'run'),
    facts,
    onProgress: (progress) => steps.push(progress),
    onMonitor: ({ seconds }) => looks.push(seconds),
  });
  const numLookedAt = (await readFile(join(folder, 'run/split.csv'), 'utf8')).split('\n').filter((line) => line.endsWith(',validation')).length;
  const neighbourSeconds = await secondsOfNeighbours(store, join(folder, 'run'), numLookedAt);
  await store.close();
  const timed = steps.filter(({ epoch }) => epoch > 1);
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const total = sum(timed.map(({ seconds }) => seconds.total));
  const share = (part) => Number((sum(timed.map(({ seconds }) => seconds[part])) / total).toFixed(4));
  const numPatches = sum(timed.map(({ patchesPerSecond, seconds }) => patchesPerSecond * seconds.total));
  const numEpochs = Number(options.epochs) - 1;
  console.log(
    JSON.stringify({
      bench: 'pretrainEpoch',
      backend: backend.name,
      precision: backend.precision,
      threads: backend.threads,
      patchesPerSecond: Number((numPatches / total).toFixed(1)),
      secondsPerEpoch: Number((total / numEpochs).toFixed(2)),
      shares: Object.fromEntries(['reading', 'views', 'gradients', 'update'].map((part) => [part, share(part)])),
      secondsPerLook: Number((sum(looks.slice(1)) / numEpochs).toFixed(2)),
      secondsOfNeighboursPerLook: Number(neighbourSeconds.toFixed(2)),
      secondsPerEpochOverTheClipsLookedAt: Number(((2 * numLookedAt * total) / numPatches).toFixed(2)),
      peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    }),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
