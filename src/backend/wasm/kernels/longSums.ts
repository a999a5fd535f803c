import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { requiredInput, scratch } from '../kernelCall.js';

/** Shorter sums lose nothing that float32 keeps: 64 roundings are 4e-6. */
const LONG = 64;

/**
 * `Sum` or `Mean` with float64 sums where many values are added. tfjs's kernels add them one by one in float32, so that 10^7 times 0.1 is
 * 1,087,937. What is short, or not float32, goes to `original`. Values are read from the backend's memory once; axes in the middle are
 * turned to the end first, as the original does.
 */
export function longSums(original: KernelConfig): KernelConfig {
  const isMean = original.kernelName === 'Mean';
  return {
    ...original,
    kernelFunc: (call) => {
      const x = requiredInput(call.inputs, 'x');
      const { axis, keepDims } = call.attrs as { axis?: number | number[]; keepDims?: boolean };
      const axes = util.parseAxisParam(axis as number | number[], x.shape).sort((a, b) => a - b);
      const count = axes.reduce((product, at) => product * x.shape[at], 1);
      if (x.dtype !== 'float32' || count < LONG) return original.kernelFunc(call);

      const backend = call.backend as BackendWasm;
      const temporary = scratch(backend);
      const kept = x.shape.map((_, at) => at).filter((at) => !axes.includes(at));
      const isLeading = axes.every((at, i) => at === i);
      const isTrailing = kept.every((at, i) => at === i);
      const input: TensorInfo = isLeading || isTrailing ? x : temporary.call('Transpose', { x }, { perm: [...kept, ...axes] });
      const shape = keepDims === true ? x.shape.map((size, at) => (axes.includes(at) ? 1 : size)) : kept.map((at) => x.shape[at]);
      const out = backend.makeOutput(shape, 'float32');
      // After makeOutput: a larger memory moves the views.
      const values = backend.typedArrayFromHeap(input) as Float32Array;
      const sums = backend.typedArrayFromHeap(out) as Float32Array;
      const scale = isMean ? 1 / count : 1;
      if (isLeading && !isTrailing) addRows(values, sums, scale);
      else addWithinRows(values, sums, count, scale);
      temporary.dispose();
      return out;
    },
  };
}

/** [n, sums.length] -> [sums.length] */
function addRows(values: Float32Array, sums: Float32Array, scale: number): void {
  const totals = new Float64Array(sums.length);
  for (let at = 0; at < values.length; at += totals.length) for (let i = 0; i < totals.length; i++) totals[i] += values[at + i];
  for (let i = 0; i < totals.length; i++) sums[i] = totals[i] * scale;
}

/** [sums.length, count] -> [sums.length] */
function addWithinRows(values: Float32Array, sums: Float32Array, count: number, scale: number): void {
  for (let row = 0, at = 0; row < sums.length; row++) {
    // Four sums side by side: an addition need not wait for the one before.
    let [a, b, c, d] = [0, 0, 0, 0];
    const end = at + count;
    for (; at + 3 < end; at += 4) {
      a += values[at];
      b += values[at + 1];
      c += values[at + 2];
      d += values[at + 3];
    }
    for (; at < end; at++) a += values[at];
    sums[row] = (a + b + (c + d)) * scale;
  }
}
