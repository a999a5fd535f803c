// A process of test/backend/libtorchRanks.test.ts: one rank after another, or with size 1 what ranks are compared with. It trains tiny networks
// for some steps and writes where their parameters went. Arguments: a folder, and jobs as JSON: [{ rank, size, port, names }], names of cases,
// `sums`, `silence`, `frozen`, or `look:NAME`, a look at clips by the networks of a case.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { useAddon } from '../../dist/backend/libtorch/loadAddon.js';
import { setBackend } from '../../dist/backend/setBackend.js';
import { contrastiveLossOptions, supervisedLossOptions } from '../../dist/loss/lossOptions.js';
import { createMethod, viewsOfMethod } from '../../dist/method/createMethod.js';
import { methodOptions } from '../../dist/method/methodOptions.js';
import { supervised } from '../../dist/method/supervised.js';
import { createEncoder, encoderOptions } from '../../dist/nn/createEncoder.js';
import { addBatchNorm, addConvKaiming, convNormTwice } from '../../dist/nn/layers.js';
import { createInitialiser } from '../../dist/nn/parameters.js';
import { classifier, projectionHeadOf } from '../../dist/nn/projectionHead.js';
import { globalAveragePool } from '../../dist/ops/globalAveragePool.js';
import { sgd } from '../../dist/optim/sgd.js';
import { ownShare, sharesOfBatch } from '../../dist/parallel/BatchSpread.js';
import { joinRanks } from '../../dist/parallel/RankGroup.js';
import { ranksOptions } from '../../dist/parallel/ranksOptions.js';
import { createOnlineProbe, onlineProbeOptions } from '../../dist/train/onlineProbe.js';
import { contrastiveMethod } from '../../dist/train/pretrain.js';
import { trainingRanks } from '../../dist/train/TrainingRanks.js';
import { Rng } from '../../dist/util/rng.js';
import { tinyEncoderOf } from '../nn/tinyEncoderOf.mjs';
import { lookOnRanks } from './lookOnRanks.mjs';
import { cases, SUM_SHAPES, summands } from './rankCases.mjs';

const NUM_CLIPS = 11; // neither 2 nor 3 divides it
const SIZE = [8, 12]; // of a patch, frames and mel bands
const NUM_CLASSES = 3;
const BUCKET_VALUES = 200; // several buckets, begun while backward goes on
const LEARNING_RATE = 0.003;

const [folder, jobs] = process.argv.slice(2);

const tinyEncoder = () =>
  tinyEncoderOf({ tf, addBatchNorm, addConvKaiming, convNormTwice, createInitialiser, globalAveragePool });

/** Two of them, each for half of the bands. */
function tinyTwoView() {
  const half = tinyEncoder();
  const names = ['low', 'high'];
  const partOf = (view, parameters) => [...parameters].map(([path, variable]) => [`${view}.${path}`, variable]);
  return {
    name: 'tinyTwoView',
    embeddingSize: 16,
    partSizes: [8, 8],
    createParameters: ({ seed }) =>
      new Map(names.flatMap((view, i) => partOf(view, half.createParameters({ seed: seed + i })))),
    forward: (parameters, views, options) =>
      tf.tidy(() =>
        tf.concat(
          tf.split(views, 2, 2).map((bands, i) => half.forward(parameters, bands, options, `${names[i]}.`)),
          1,
        ),
      ),
  };
}

/** Views of these clips at one step: what they are depends on the clip and the step alone. */
function viewsOf(clips, step, { numViews, size: [frames, mels] }) {
  const patch = frames * mels;
  const values = new Float32Array(numViews * clips.length * patch);
  for (let view = 0; view < numViews; view++) {
    for (const [i, clip] of clips.entries()) {
      const own = new Rng({ seed: 5, clip, purpose: 'clip' });
      const noise = new Rng({ seed: 5, epoch: step, clip, view, purpose: 'view' });
      const at = (view * clips.length + i) * patch;
      for (let k = 0; k < patch; k++) values[at + k] = own.normal() + 0.3 * noise.normal();
    }
  }
  return tf.tensor3d(values, [numViews * clips.length, frames, mels]);
}

const labelsOf = (clips) => Int32Array.from(clips, (clip) => clip % NUM_CLASSES);

function methodOf({ method: given = { name: 'simclr' }, loss: givenLoss, encoder: givenEncoder, size = SIZE, onlineProbe }) {
  const encoder =
    given.name === 'cmc'
      ? tinyTwoView()
      : givenEncoder
        ? createEncoder(encoderOptions.parse(givenEncoder), { nMels: size[1], patchFrames: size[0] })
        : tinyEncoder();
  const encoderParameters = encoder.createParameters({ seed: 3 });
  const embedPatches = (patches) => encoder.forward(encoderParameters, patches, { isTraining: false });
  if (given.name === 'supervised') {
    const head = classifier({ inputSize: encoder.embeddingSize, numClasses: NUM_CLASSES });
    const loss = supervisedLossOptions.parse(givenLoss);
    const method = supervised({ encoder, encoderParameters, head, headParameters: head.createParameters({ seed: 3 }), loss });
    return {
      numViews: 1,
      size,
      looking: { method, numViews: 1, embedPatches },
      trainable: method.trainable,
      parameters: method.parameters,
      step: (views, clips, dropout, spread) => {
        const { gradients, numDiscarded, ...losses } = method.step(views, labelsOf(clips), dropout, spread);
        return { gradients, losses, counts: { numDiscarded } };
      },
    };
  }
  const head = projectionHeadOf(encoder, { hiddenSize: 16, outputSize: 8 });
  const loss = contrastiveLossOptions.parse(givenLoss);
  const options = methodOptions.parse(given);
  const method = createMethod(options, { encoder, encoderParameters, head, headParameters: head.createParameters({ seed: 3 }), loss }, { seed: 3, numClips: 2 * NUM_CLIPS });
  if (onlineProbe) return withProbe(method, { dim: encoder.embeddingSize, numViews: viewsOfMethod(options), size, onlineProbe });
  return {
    numViews: viewsOfMethod(options),
    size,
    looking: { method, numViews: 2, embedPatches },
    trainable: method.trainable,
    parameters: method.parameters,
    afterUpdate: method.afterUpdate,
    step: (views, clips, dropout, spread) => {
      const { gradients, ...losses } = method.step(views, { labels: labelsOf(clips), clips: Int32Array.from(clips), dropout, spread });
      return { gradients, losses };
    },
  };
}

/** The method as pretrain calls it with a probe; what that has learnt is among the values that are compared. */
function withProbe(method, { dim, numViews, size, onlineProbe }) {
  const probe = createOnlineProbe({ dim, numClasses: NUM_CLASSES, seed: 3, options: onlineProbeOptions.parse(onlineProbe) });
  const own = contrastiveMethod(method, { labelOf: (clip) => clip % NUM_CLASSES, probe });
  return {
    numViews,
    size,
    trainable: own.trainable,
    parameters: new Map([...method.parameters, ...[...probe.parameters].map(([path, variable]) => [`onlineProbe.${path}`, variable])]),
    afterUpdate: own.afterUpdate,
    step: (views, clips, dropout, spread) => own.step(views, { clips }, dropout, spread),
  };
}

/** What ranks of their own would do in one process: each share by itself, the sum weighed by the clips. */
function stepOfShares(method, clips, step, dropout, numShares) {
  const counts = sharesOfBatch(clips.length, numShares);
  const sums = new Map();
  let loss = 0;
  for (let share = 0; share < numShares; share++) {
    const own = ownShare(clips, { rank: share, size: numShares });
    const weight = counts[share] / clips.length;
    const views = viewsOf(own, step, method);
    const { gradients, losses } = method.step(views, own, dropout);
    loss += weight * losses.loss;
    for (const [path, gradient] of gradients) {
      const before = sums.get(path);
      sums.set(
        path,
        tf.tidy(() => (before ? tf.add(before, tf.mul(gradient, weight)) : tf.mul(gradient, weight))),
      );
      tf.dispose([gradient, before ?? []]);
    }
    views.dispose();
  }
  return { gradients: sums, losses: { loss } };
}

function train(name, group) {
  const { steps = 10, learningRate = LEARNING_RATE, ranks: given = {}, emulated, ...parts } = cases[name];
  const method = methodOf(parts);
  const optimizer = sgd({ momentum: 0.9, weightDecay: 1e-4 });
  const ranks = group && trainingRanks('test', group, ranksOptions.parse(given), { batchSize: NUM_CLIPS, bucketValues: BUCKET_VALUES });
  const start = valuesOf(method.parameters);
  const losses = [];
  for (let step = 0; step < steps; step++) {
    const clips = Array.from({ length: NUM_CLIPS }, (_, i) => (i + step) % (2 * NUM_CLIPS));
    const dropout = { seed: 7, step };
    const own = ranks?.shareOf(clips) ?? clips;
    const run = (key, spread) => {
      const views = viewsOf(own, step, method);
      const result = method.step(views, own, key, spread);
      views.dispose();
      return result;
    };
    const { gradients, losses: ofStep } = ranks
      ? ranks.step(NUM_CLIPS, dropout, false, run)
      : emulated
        ? stepOfShares(method, clips, step, dropout, emulated)
        : run(dropout);
    optimizer.step(method.trainable, gradients, learningRate);
    method.afterUpdate?.((step + 1) / steps);
    tf.dispose([...gradients.values()]);
    losses.push(ofStep.loss);
  }
  const values = valuesOf(method.parameters);
  tf.dispose([...method.parameters.values()]);
  optimizer.dispose();
  return { losses, values, moved: distance(start, values) };
}

function look(name, group) {
  const { looking, size } = methodOf(cases[name]);
  return lookOnRanks(name, { ...looking, size, viewsOf, labelsOf }, group);
}

const valuesOf = (parameters) => new Map([...parameters].map(([path, variable]) => [path, Float32Array.from(variable.dataSync())]));

/** Between two sets of values of the same parameters. */
function distance(before, after) {
  let sum = 0;
  for (const [path, array] of after) for (const [i, value] of array.entries()) sum += (value - before.get(path)[i]) ** 2;
  return Math.sqrt(sum);
}

/** The sums over ranks of `summands`, of both precisions. */
function addUp(group) {
  const values = ['float32', 'bfloat16'].map((precision) => {
    const own = summands(group.rank, SUM_SHAPES).map((array, i) => tf.tensor(array, SUM_SHAPES[i]));
    group.startSum(own, precision)();
    const sums = own.flatMap((tensor) => [...tensor.dataSync()]);
    tf.dispose(own);
    return [precision, Float32Array.from(sums)];
  });
  return { losses: [], values: new Map(values) };
}

async function fileThere(file) {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Until all ranks have come here: what follows may take less time than one of them is behind. */
async function meet(out, rank, size) {
  writeFileSync(join(out, `here${rank}`), '');
  for (let other = 0; other < size; other++) await fileThere(join(out, `here${other}`));
}

/** What rank 0 hears when the other one is there and does nothing, until rank 0 has given up. */
async function listenToSilence(group, done) {
  const values = tf.zeros([3]);
  let heard = '';
  try {
    if (group.rank === 0) group.startSum([values])();
    else await fileThere(done);
  } catch (error) {
    heard = error.message;
  }
  writeFileSync(done, '');
  values.dispose();
  return { losses: [], values: new Map(), heard };
}

/** What the other one hears of the store when rank 0, which has it, is stopped while it works; then it is woken. */
async function listenToFrozenStore(group, pidFile) {
  let heard = '';
  try {
    await group.first(async () => {
      writeFileSync(pidFile, String(process.pid));
      process.kill(process.pid, 'SIGSTOP');
    });
  } catch (error) {
    heard = error.message;
  }
  if (group.rank > 0) process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGCONT');
  return { losses: [], values: new Map(), heard };
}

/** One rank of one group, or the process that is compared with them. */
async function work({ rank, size, port, names, timeoutSeconds = 60 }) {
  const out = join(folder, `${size}-${port}`);
  mkdirSync(out, { recursive: true });
  const place = { rank, size, localRank: rank, localSize: size, host: '127.0.0.1', port, isStoreThere: false, restarts: 0, launcher: 'processes' };
  await meet(out, rank, size);
  const group = size > 1 ? joinRanks(place, { timeoutSeconds }) : undefined;
  const results = {};
  for (const name of names) {
    const [what, of] = name.split(':');
    const special = {
      sums: () => addUp(group),
      silence: () => listenToSilence(group, join(out, 'heard')),
      frozen: () => listenToFrozenStore(group, join(out, 'pid')),
      look: () => look(of, group),
    }[what];
    const { values, ...rest } = special ? await special() : train(name, group);
    const all = createHash('sha256');
    for (const array of values.values()) all.update(array);
    results[name] = { ...rest, digest: all.digest('hex') };
    if (rank > 0) continue;
    results[name].paths = [...values].map(([path, array]) => [path, array.length]);
    writeFileSync(join(out, `${name}.f32`), Buffer.concat([...values.values()].map((array) => Buffer.from(array.buffer))));
  }
  results.tensors = tf.memory().numTensors;
  writeFileSync(join(out, `rank${rank}.json`), JSON.stringify(results));
  await group?.leave();
}

if (process.env.AUDIOSSL_ADDON) useAddon(process.env.AUDIOSSL_ADDON);
await setBackend({ backend: 'libtorch', threads: 1 });
for (const job of JSON.parse(jobs)) await work(job);
