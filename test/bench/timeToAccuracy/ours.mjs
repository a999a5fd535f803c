// Ours in timeToAccuracy.mjs, which runs it: takes up --run where it is, trains to epoch --until-epoch (0: none), and writes the mean embedding of
// every clip of the store, whitened by the training clips where --shrinkage says so. Prints one JSON line: epoch, and the seconds that the
// training took so far, without start, reading the store and embedding.
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: Object.fromEntries(
    ['store', 'fold', 'config', 'seed', 'threads', 'until-epoch', 'run', 'embeddings', 'shrinkage'].map((name) => [name, { type: 'string' }]),
  ),
});
const src = (path) => import(new URL(`../../../dist/${path}.js`, import.meta.url).href);
const [{ setBackend }, { loadConfig }, { FeatureStore }, { pretrain }, { readLog }] = await Promise.all(
  ['backend/setBackend', 'config/loadConfig', 'data/FeatureStore', 'train/pretrain', 'run/readLog'].map(src),
);
const [{ loadModel }, { embedSet }, { clipMeans }, { fitWhitening }, { createWhitener }, { writeNpy }, tf] = await Promise.all([
  ...['model/loadModel', 'embed/embedSet', 'embed/embedClips', 'embed/fitWhitening', 'model/whitening', 'util/npy'].map(src),
  import('@tensorflow/tfjs-core'),
]);

/** The config's run on all folds but one. Nothing is chosen on the way: the weights of the moment are judged. */
function configOf({ config: file, seed, fold }, trainFolds, isTrained) {
  const overrides = [`seed=${seed}`, ...(isTrained ? [] : ['train.epochs=0'])];
  const config = loadConfig({ file, overrides, command: 'pretrain' });
  return {
    ...config,
    data: { ...config.data, trainFolds, validationFolds: undefined, testFold: fold, validationFraction: 0 },
    train: { ...config.train, monitorEveryEpochs: Math.max(1, config.train.epochs), onlineProbe: null, selectBy: 'accuracy', whiten: null },
  };
}

async function whitened(rows, dim, trainClips, shrinkage) {
  const train = Float32Array.from(trainClips.flatMap((clip) => Array.from(rows.subarray(clip * dim, (clip + 1) * dim))));
  const whitener = createWhitener(fitWhitening(train, { dim, shrinkage }));
  return tf.tidy(() => whitener.whiten(tf.tensor2d(rows, [rows.length / dim, dim]))).data();
}

const backend = await setBackend({ backend: 'libtorch', threads: Number(options.threads) });
const store = await FeatureStore.open(options.store);
const trainClips = [...store.clips.keys()].filter((i) => store.clips[i].fold !== options.fold);
const trainFolds = [...new Set(trainClips.map((i) => store.clips[i].fold))];
const untilEpoch = Number(options['until-epoch']);
const isTrained = untilEpoch > 0;
const out = isTrained ? options.run : `${options.run}-untrained`;
const config = configOf(options, trainFolds, isTrained);
await pretrain({ store, config, out, command: ['timeToAccuracy'], resume: true, ...(isTrained && { untilEpoch }) });
const epochs = new Map((await readLog(join(out, 'log.jsonl'))).epochs.map((record) => [record.epoch, record]));
const model = await loadModel(join(out, 'checkpoints', 'last.safetensors'));
const clips = [...store.clips.keys()];
const patches = await embedSet({ model, store, clips, name: 'clips', batchSize: 128 });
const { dim } = patches;
const rows = clipMeans(patches, clips.length);
const isWhitened = options.shrinkage !== 'none';
const data = isWhitened ? await whitened(rows, dim, trainClips, Number(options.shrinkage)) : rows;
await writeNpy(options.embeddings, { data, shape: [clips.length, dim] });
const last = [...epochs.values()].at(-1);
const seconds = [...epochs.values()].reduce((sum, record) => sum + record.seconds, 0);
console.log(JSON.stringify({ threads: backend.threads, epoch: last?.epoch ?? 0, seconds: Number(seconds.toFixed(3)), loss: last?.loss ?? null }));
await store.close();
