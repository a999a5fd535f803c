#!/usr/bin/env node
// One process of step.mjs: our training step and forward pass in one mode; prints one JSON line.
//
//     ours.mjs [--mode fp32|bf16] [--threads N] [--pairs 64] [--steps 5] [--backend libtorch] [--profile | --convolutions]
//
// AUDIOSSL_ADDON names another build of the addon.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { loadAddon, useAddon } from '../../../dist/backend/libtorch/loadAddon.js';
import { setBackend } from '../../../dist/backend/setBackend.js';
import { lossOptions } from '../../../dist/loss/lossOptions.js';
import { simclr } from '../../../dist/method/simclr.js';
import { projectionHead } from '../../../dist/nn/projectionHead.js';
import { resnet18 } from '../../../dist/nn/resnet18.js';
import { sgd } from '../../../dist/optim/sgd.js';
import { profileStep } from './profileStep.mjs';
import { timeConvolutions } from './timeConvolutions.mjs';

const { values: options } = parseArgs({
  options: {
    steps: { type: 'string', default: '5' },
    pairs: { type: 'string', default: '64' },
    mode: { type: 'string', default: 'fp32' },
    threads: { type: 'string', default: String(availableParallelism()) },
    backend: { type: 'string', default: 'libtorch' },
    profile: { type: 'boolean', default: false },
    convolutions: { type: 'boolean', default: false },
  },
});
const rows = 2 * Number(options.pairs);
const repeats = Number(options.steps);

if (process.env.AUDIOSSL_ADDON) useAddon(process.env.AUDIOSSL_ADDON);
const precision = options.mode === 'bf16' ? 'bfloat16' : 'float32';
const inUse = await setBackend({ backend: options.backend, precision, threads: Number(options.threads) });

const encoder = resnet18();
const head = projectionHead({ inputSize: 512 });
const encoderParameters = encoder.createParameters({ seed: 0 });
const headParameters = head.createParameters({ seed: 0 });
const loss = lossOptions.parse({ name: 'angularContrastive', reduction: 'authorsSum' });
const method = simclr({ encoder, encoderParameters, head, headParameters, loss });
const optimizer = sgd();
const views = tf.randomNormal([rows, 101, 96], 0, 1, 'float32', 1);

const losses = [];
function step() {
  const { loss, gradients } = method.step(views);
  optimizer.step(method.trainable, gradients, 0.03);
  for (const gradient of gradients.values()) gradient.dispose();
  losses.push(loss);
}

function embed() {
  tf.tidy(() => encoder.forward(encoderParameters, views, { isTraining: false })).dispose();
}

/** Patches a second at the median step. */
function rate(run) {
  run();
  const seconds = Array.from({ length: repeats }, () => {
    const start = performance.now();
    run();
    return (performance.now() - start) / 1000;
  });
  return Number((rows / seconds.sort((a, b) => a - b)[repeats >> 1]).toFixed(1));
}

/** Peak resident memory of this program, as torchStep.py reads it. */
function peakMiB() {
  const kib = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
  return Math.round(Number(kib) / 1024);
}

/** Releases of what computes. */
function releases() {
  if (inUse.name !== 'libtorch') return { peer: `audiossl on ${inUse.name}` };
  const facts = Object.fromEntries(
    loadAddon()
      .libraries()
      .trim()
      .split('\n')
      .map((line) => line.split('\t')),
  );
  const direct = facts.directOneDnn ? `, oneDNN ${facts.directOneDnn} called directly` : '';
  return { peer: `audiossl, libtorch ${facts.libtorch}${direct}`, oneDnn: facts.directOneDnn || facts.oneDnn, simd: facts.simd };
}

if (options.profile) {
  step();
  await profileStep(step);
} else if (options.convolutions) {
  step();
  console.log(JSON.stringify(timeConvolutions(step, repeats)));
} else {
  const trainPatchesPerSecond = rate(step);
  const numTensors = tf.memory().numTensors;
  step();
  if (tf.memory().numTensors !== numTensors) throw new Error('a step leaks tensors');
  const embedPatchesPerSecond = rate(embed);
  const record = {
    ...releases(),
    mode: options.mode,
    pairs: rows / 2,
    threads: inUse.threads,
    trainPatchesPerSecond,
    embedPatchesPerSecond,
    peakRssMiB: peakMiB(),
    losses: losses.map((value) => Number(value.toFixed(4))),
  };
  console.log(JSON.stringify(record));
}
