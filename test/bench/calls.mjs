#!/usr/bin/env node
// Very many calls of `embed` in one process, as a service makes them: what they leave in memory. Needs `npm run build`.
//
//     node --expose-gc test/bench/calls.mjs --calls 10000 --backend libtorch --at-once 4
//
// Each call embeds one second of sound by a small network (ResNet-18 of 16 channels): what grows with the calls is the same as with a large
// one, which takes longer. Prints a JSON line every 1,000 calls: resident memory, V8's heap after a collection, memory of tensors, numbers
// of tensors and buffers that the backend holds.
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { resolveFrontEnd } from '../../dist/audio/frontEnd.js';
import { setBackend } from '../../dist/backend/setBackend.js';
import { embed } from '../../dist/embed/embed.js';
import { createModel } from '../../dist/model/loadModel.js';

const { values: options } = parseArgs({
  options: {
    calls: { type: 'string', default: '10000' },
    backend: { type: 'string', default: 'auto' },
    'at-once': { type: 'string', default: '4' },
    every: { type: 'string', default: '1000' },
  },
});
const [numCalls, atOnce, every] = [options.calls, options['at-once'], options.every].map(Number);
await setBackend({ backend: options.backend });
const model = createModel({
  ...{ schemaVersion: 1, step: 0, epoch: 0, position: { epoch: 0, batch: 0 }, encoder: { name: 'resnet18', width: 16 } },
  ...{ projectionHead: null, frontEnd: { ...resolveFrontEnd({ preset: 'acl' }) }, patchFrames: 101, patchHop: 50 },
  ...{ standardisation: { mean: [0], standardDeviation: [1] }, classNames: [], config: {}, versions: {}, monitor: {} },
});

const sampleRate = model.frontEnd.sampleRate;
const sound = (i) => Float32Array.from({ length: sampleRate }, (_, n) => 0.5 * Math.sin(n * (0.05 + 0.001 * (i % 100))));
const mebibytes = (bytes) => Number((bytes / 2 ** 20).toFixed(1));
const start = performance.now();
function tell(calls) {
  globalThis.gc?.();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  const { numTensors, numDataBuffers } = tf.memory();
  const seconds = Math.round((performance.now() - start) / 1000);
  const memory = { residentMib: mebibytes(rss), heapMib: mebibytes(heapUsed), arrayBuffersMib: mebibytes(arrayBuffers) };
  console.log(JSON.stringify({ calls, seconds, ...memory, numTensors, numDataBuffers }));
}
tell(0);
for (let done = 0; done < numCalls; ) {
  await Promise.all(Array.from({ length: atOnce }, (_, k) => embed({ model, sounds: [{ samples: sound(done + k), sampleRate }] })));
  const before = done;
  done += atOnce;
  if (Math.floor(done / every) > Math.floor(before / every)) tell(done);
}
model.dispose();
