// One rank of scaling.mjs: --how default | bfloat16 | local, absent for one process alone; RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT as torchrun sets
// them. Rank 0 prints one JSON line. AUDIOSSL_ADDON names another build of the addon.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { loadAddon, useAddon } from '../../../dist/backend/libtorch/loadAddon.js';
import { setBackend } from '../../../dist/backend/setBackend.js';
import { rankPlace } from '../../../dist/cli/ranks/rankPlace.js';
import { lossOptions } from '../../../dist/loss/lossOptions.js';
import { simclr } from '../../../dist/method/simclr.js';
import { projectionHead } from '../../../dist/nn/projectionHead.js';
import { resnet18 } from '../../../dist/nn/resnet18.js';
import { sgd } from '../../../dist/optim/sgd.js';
import { joinRanks } from '../../../dist/parallel/RankGroup.js';
import { ranksOptions } from '../../../dist/parallel/ranksOptions.js';
import { trainingRanks } from '../../../dist/train/TrainingRanks.js';

const { values: options } = parseArgs({
  options: { how: { type: 'string' }, pairs: { type: 'string', default: '64' }, steps: { type: 'string', default: '3' } },
});
const pairs = Number(options.pairs);
if (process.env.AUDIOSSL_ADDON) useAddon(process.env.AUDIOSSL_ADDON);
await setBackend({ backend: 'libtorch', threads: 1 });
const place = rankPlace(process.env);
const group = place && joinRanks(place, { timeoutSeconds: 120 });
const size = place?.size ?? 1;
const how = { local: { negatives: 'local', batchNorm: 'local' }, bfloat16: { gradientPrecision: 'bfloat16' } }[options.how] ?? {};
const ranks = group && trainingRanks('scaling', group, ranksOptions.parse(how), { batchSize: size * pairs });

const encoder = resnet18();
const head = projectionHead({ inputSize: 512 });
const [encoderParameters, headParameters] = [encoder, head].map((part) => part.createParameters({ seed: 0 }));
const loss = lossOptions.parse({ name: 'angularContrastive', reduction: 'authorsSum' });
const method = simclr({ encoder, encoderParameters, head, headParameters, loss });
const optimizer = sgd();
const views = tf.randomNormal([2 * pairs, 101, 96], 0, 1, 'float32', 1 + (place?.rank ?? 0));

let waits;
function step(i) {
  const result = ranks
    ? ranks.step(size * pairs, { seed: 0, step: i }, false, (dropout, spread) => {
        const { gradients, ...losses } = method.step(views, { dropout, spread });
        return { gradients, losses };
      })
    : method.step(views);
  optimizer.step(method.trainable, result.gradients, 0.03);
  tf.dispose([...result.gradients.values()]);
  waits = result.waits;
}

/** Bytes that this rank has sent through its device. */
function sent() {
  const line = readFileSync('/proc/self/net/dev', 'utf8')
    .split('\n')
    .find((text) => text.trim().startsWith(`${process.env.GLOO_SOCKET_IFNAME}:`));
  return line === undefined ? undefined : Number(line.split(':')[1].trim().split(/\s+/)[8]);
}

step(0);
const before = sent();
const times = Array.from({ length: Number(options.steps) }, (_, i) => {
  const start = performance.now();
  const used = process.cpuUsage();
  step(i + 1);
  const { user, system } = process.cpuUsage(used);
  return { seconds: (performance.now() - start) / 1000, processor: (user + system) / 1e6, ...waits };
});
const bytes = before === undefined ? undefined : (sent() - before) / times.length;
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const seconds = median(times.map((time) => time.seconds));
if (!place || place.rank === 0) {
  const peakKib = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  console.log(
    JSON.stringify({
      ...{ peer: `audiossl, libtorch ${loadAddon().torchVersion()}`, ranks: size, pairs, threads: 1 },
      ...{ patchesPerSecond: Number(((2 * pairs * size) / seconds).toFixed(1)), stepSeconds: Number(seconds.toFixed(3)) },
      processorSeconds: Number(Math.min(...times.map((time) => time.processor)).toFixed(3)),
      ...(group && { waitedSeconds: Object.fromEntries(Object.keys(waits).map((what) => [what, Number(median(times.map((time) => time[what])).toFixed(3))])) }),
      ...(bytes && { sentMegabytes: Number((bytes / 1e6).toFixed(1)) }),
      peakRssMiB: Math.round(peakKib / 1024),
    }),
  );
}
await group?.leave();
