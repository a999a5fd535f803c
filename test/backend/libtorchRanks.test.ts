import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/backend/libtorch/loadAddon.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { batchNorm } from '../../src/ops/batchNorm.js';
import { runKernel } from '../../src/ops/nativeKernel.js';
import { freePort } from '../../src/util/freePort.js';
import { cases, SUM_SHAPES, summands } from '../parallel/rankCases.mjs';
import { runNode } from '../parallel/startRanks.js';
import { availableBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const script = fileURLToPath(new URL('../parallel/trainOnRanks.mjs', import.meta.url));
const hasRanks = availableBackends.includes('libtorch') && loadAddon().hasRanks?.() === true;

/** One of each kind: a loss of the batch with itself, a queue, a memory, momentum networks, labels. */
const onThree = ['angularContrastive', 'mocoV2', 'memoryBank', 'byol', 'supervised'];
/** Whatever the libtorch, losses and frameworks are the same code of ours: a second one adds up the gradients of one of each kind. */
const names = process.env.AUDIOSSL_ADDON === undefined ? Object.keys(cases) : [...onThree, 'bfloat16', 'local'];
/** Looks at validation clips of one kind each: a loss of the batch with itself, a queue, a memory, momentum networks, parts, labels. */
const looks = ['angularContrastive', 'supervisedContrastive', 'mocoV2', 'memoryBank', 'byol', 'cmc', 'supervised'].map(
  (name) => `look:${name}`,
);
/** Not what one process computes, to the last digits. */
const other = ['bfloat16', 'local'];
const exact = names.filter((name) => !other.includes(name));

interface Trained {
  losses: number[];
  digest: string;
  paths: [string, number][];
  values: Float32Array;
  /** Distance of the parameters from where they began. */
  moved: number;
  heard?: string;
  /** Of a look at clips. */
  look?: Record<string, number>;
  shape?: [number, number];
}

/** What each rank of a group has to say of its cases, with the values of rank 0. */
function readGroup(folder: string, size: number, names: readonly string[]): Record<string, Trained>[] {
  const ranks = Array.from({ length: size }, (_, rank) => JSON.parse(readFileSync(join(folder, `rank${rank}.json`), 'utf8')));
  for (const { tensors } of ranks) expect(tensors, 'tensors left').toBe(0);
  for (const name of names) {
    const bytes = readFileSync(join(folder, `${name}.f32`));
    ranks[0][name].values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  }
  return ranks;
}

describe.skipIf(!hasRanks)('ranks on libtorch', () => {
  let one: Record<string, Trained>;
  let two: Record<string, Trained>[];
  let three: Record<string, Trained>[];
  let silent: Record<string, Trained>[];

  // Three processes: all of them are three ranks, then two of them are two and the third is the one that both are compared with.
  beforeAll(async () => {
    const folder = temporaryFolder();
    const ports = await Promise.all([freePort(), freePort(), freePort()]);
    const ofThree = { size: 3, port: ports[0], names: [...onThree, 'sums', ...looks] };
    const ofTwo = { size: 2, port: ports[1], names: [...names, 'sums', ...looks] };
    const ofSilence = { size: 2, port: ports[2], names: ['silence', 'frozen'], timeoutSeconds: 2 };
    const alone = { rank: 0, size: 1, port: 0, names: [...names, ...looks] };
    const jobs = [0, 1, 2].map((rank) => [
      { ...ofThree, rank },
      ...(rank < 2
        ? [
            { ...ofTwo, rank },
            { ...ofSilence, rank },
          ]
        : [alone]),
    ]);
    const ends = await Promise.all(jobs.map((own) => runNode([script, folder, JSON.stringify(own)])));
    expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual(ends.map(() => [0, '']));
    const read = ({ size, port, names }: Omit<typeof ofTwo, 'rank'>) => readGroup(join(folder, `${size}-${port}`), size, names);
    [three, two, silent, [one]] = [read(ofThree), read(ofTwo), read(ofSilence), read(alone)];
  }, 300_000);

  it.each(exact)('%s: two ranks go the way of one process', (name) => compare(two, one, name));
  it.each(onThree)('%s: three ranks go the way of one process', (name) => compare(three, one, name));

  it.each(looks)('%s: two and three ranks that share clips see what one process sees', (name) => {
    const alone = one[name];
    const [numPatches, dim] = alone.shape as [number, number];
    expect(alone.values.length).toBe(numPatches * dim);
    expect(Object.keys(alone.look as object).length).toBeGreaterThan(4);
    for (const ranks of [two, three]) {
      expectSameBits(ranks, name);
      for (const { look } of ranks.map((rank) => rank[name])) expect(look).toEqual(ranks[0][name].look);
      const { values, shape, look } = ranks[0][name];
      expect(shape).toEqual(alone.shape);
      // A network adds up its products in blocks, which other numbers of patches cut elsewhere: some roundings of 6e-8 each.
      expect(values).toBeAllClose(alone.values, { rtol: 1e-5, atol: 1e-6 });
      expect(Object.keys(look as object)).toEqual(Object.keys(alone.look as object));
      for (const [key, value] of Object.entries(alone.look as object)) {
        if (/Accuracy$/.test(key)) expect(look?.[key], key).toBe(value);
        else expect([look?.[key]], key).toBeAllClose([value], { rtol: 1e-5, atol: 1e-5 });
      }
    }
  });

  it('ranks with negatives and batch norm of their own are the weighted sum of their shares', () => {
    // Running statistics are each rank's own there, so only the weights are the same.
    const ofNetworks = two[0].local.paths.filter(([path]) => !path.includes('running'));
    for (const [path] of ofNetworks) {
      expect(part(two[0].local, path), path).toBeAllClose(part(one.local, path), { rtol: 0, atol: 1e-5 });
    }
    expect(two[0].local.losses).toBeAllClose(one.local.losses, { rtol: 1e-5, atol: 1e-5 });
  });

  it('gradients that travel as bfloat16 lead all ranks to the same weights, a hundredth of the way beside those of one process', () => {
    expectSameBits(two, 'bfloat16');
    const [actual, expected] = [two[0].bfloat16, one.bfloat16];
    const beside = Math.hypot(...actual.values.map((value, i) => value - expected.values[i])) / expected.moved;
    // Each value of a gradient is wrong by 2^-7 of its summands at most and mostly by far less, in all directions; float32 by some 1e-6.
    expect(beside).toBeLessThan(0.01);
    expect(beside).toBeGreaterThan(1e-5);
    expect(actual.losses).toBeAllClose(expected.losses, { rtol: 0.01, atol: 0 });
  });

  it.each([2, 3])('sums of bfloat16 over %d ranks have each summand and the sum rounded once', (size) => {
    const ranks = size === 2 ? two : three;
    expectSameBits(ranks, 'sums');
    const parts = Array.from({ length: size }, (_, rank) => summands(rank, SUM_SHAPES).flatMap((array) => [...array]));
    const [whole, narrow] = ['float32', 'bfloat16'].map((precision) => part(ranks[0].sums, precision));
    expect(narrow.length).toBe(parts[0].length);
    for (const [i, value] of narrow.entries()) {
      const own = parts.map((values) => values[i]);
      const sum = own.reduce((a, b) => a + b);
      const size = own.reduce((a, b) => a + Math.abs(b), 0);
      expect(Math.abs(whole[i] - sum)).toBeLessThanOrEqual(2 ** -22 * size); // float32 sums round to 2^-24 of what is added
      // bfloat16 has 8 bits: rounding is by 2^-8 of a value at most, in the summands and in what these add up to.
      expect(Math.abs(value - sum)).toBeLessThanOrEqual(2 ** -8 * (size + Math.abs(sum) + 2 ** -8 * size));
      if (own.length === 2) expect(value).toBe(bfloat16(bfloat16(own[0]) + bfloat16(own[1])));
    }
  });

  it('a rank that is there and says nothing is given up after the timeout', () => {
    expect(silent[0].silence.heard).toMatch(/^rank 0 of 2: another rank is gone, or has not answered within 2 s \(.*`resume`$/);
    expect(silent[1].silence.heard).toBe('');
  });

  it('a rank that holds the store and is stopped is given up by those that wait for what it does', () => {
    expect(silent[1].frozen.heard).toMatch(/^rank 1 of 2: another rank is gone, or has not answered within 2 s \(.*`resume`$/);
    expect(silent[0].frozen.heard).toBe('');
  });

  /** Float32 sums in another order, made larger by 10 steps from one another: 1e-5 is the bound that users are told. */
  function compare(ranks: readonly Record<string, Trained>[], alone: Record<string, Trained>, name: string): void {
    expectSameBits(ranks, name);
    const [actual, expected] = [ranks[0][name], alone[name]];
    expect(actual.losses).toBeAllClose(expected.losses, { rtol: 1e-5, atol: 1e-5 });
    expect(actual.paths).toEqual(expected.paths);
    for (const [path] of expected.paths) expect(part(actual, path), path).toBeAllClose(part(expected, path), { rtol: 1e-5, atol: 1e-5 });
  }

  function expectSameBits(ranks: readonly Record<string, Trained>[], name: string): void {
    expect(ranks.map((rank) => rank[name].digest)).toEqual(ranks.map(() => ranks[0][name].digest));
  }
});

describe.skipIf(!hasRanks)('the gradient of a filter on ranks that share the statistics of batch norm', () => {
  it('is computed while they wait for one another, or when it is read, with the same bits, and not where nobody reads it', async () => {
    await setBackend({ backend: 'libtorch', threads: 1 });
    const addon = loadAddon();
    const [x, dy] = [1, 2].map((seed) => tf.randomNormal([2, 8, 8, 128], 0, 1, 'float32', seed));
    const filterShape = [3, 3, 128, 128]; // large enough for the arena, whose bytes tell when it is there; x and dy are not
    const attributes = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC', dilations: [1, 1], filterShape };
    const gradient = () => runKernel<tf.Tensor>('Conv2DBackpropFilter', { x, dy }, attributes);
    const ofChannels = (value: number) => tf.variable(tf.fill([4], value)) as unknown as tf.Tensor1D & tf.Variable;
    const [one, none, mean, variance] = [1, 0, 0, 1].map(ofChannels);
    const expected = gradient();
    const values = expected.dataSync();
    expected.dispose();
    addon.joinRanks('127.0.0.1', await freePort(), 0, 1, true, 'alone', '', '127.0.0.1', 30_000);
    addon.shareStatistics(true);
    try {
      const before = addon.arenaBytes();
      const read = gradient();
      expect(addon.arenaBytes()).toBe(before);
      expect(read.dataSync()).toEqual(values);
      read.dispose();
      const waited = gradient();
      batchNorm(tf.ones([8, 4]), one, none, mean, variance, { isTraining: true }).dispose();
      expect(addon.arenaBytes() - before).toBeGreaterThanOrEqual(4 * values.length);
      expect(waited.dataSync()).toEqual(values);
      waited.dispose();
      gradient().dispose();
      expect(addon.arenaBytes()).toBe(before);
    } finally {
      addon.shareStatistics(false);
      addon.leaveRanks();
      tf.disposeVariables();
    }
  });
});

/** The nearest bfloat16, ties to even. */
function bfloat16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0] = (bits[0] + 0x7fff + ((bits[0] >>> 16) & 1)) & 0xffff0000;
  return new Float32Array(bits.buffer)[0];
}

function part({ paths, values }: Trained, wanted: string): Float32Array {
  let at = 0;
  for (const [path, length] of paths) {
    if (path === wanted) return values.subarray(at, at + length);
    at += length;
  }
  throw new Error(`no ${wanted}`);
}
