import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { KernelConfig } from '@tensorflow/tfjs-core';
import { markChanged, requiredInput } from '../kernelCall.js';
import { addProducts, normalise } from './batchNormLoops.js';

interface BatchNormAttrs {
  groups: number;
  epsilon: number;
  momentum: number;
  relu: boolean;
}

/**
 * Batch norm in training, with residual and ReLU: one pass over x for the sums, one that writes y. See `ops/batchNorm` for what it
 * computes. The composite of tfjs's ops takes about eight passes, most of them broadcasting, which wasm does slowly.
 */
export const audiosslBatchNorm: KernelConfig = {
  kernelName: 'AudiosslBatchNorm',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const wasm = backend as BackendWasm;
    const { groups, epsilon, momentum, relu } = attrs as unknown as BatchNormAttrs;
    const [xInfo, gammaInfo, betaInfo] = ['x', 'gamma', 'beta'].map((name) => requiredInput(inputs, name));
    const [runningMeanInfo, runningVarianceInfo] = ['runningMean', 'runningVariance'].map((name) => requiredInput(inputs, name));
    const channels = gammaInfo.shape[0];
    const outputs = [xInfo.shape, [groups, channels], [groups, channels]].map((shape) => wasm.makeOutput(shape, 'float32'));

    // Views come after the outputs: to make one may move the heap.
    const values = (info: typeof xInfo) => wasm.typedArrayFromHeap(info) as Float32Array;
    const [x, gamma, beta, runningMean, runningVariance] = [xInfo, gammaInfo, betaInfo, runningMeanInfo, runningVarianceInfo].map(values);
    const [y, mean, inverseDeviation] = outputs.map(values);
    const residual = inputs.residual && values(inputs.residual);
    const rows = x.length / channels / groups;
    const [sums, squares, scale, shift] = Array.from({ length: 4 }, () => new Float64Array(channels));
    for (let group = 0; group < groups; group++) {
      const part = { start: group * rows * channels, rows, channels };
      sums.fill(0);
      squares.fill(0);
      addProducts(x, x, part, sums, squares);
      for (let c = 0; c < channels; c++) {
        const average = sums[c] / rows;
        const variance = Math.max(0, squares[c] / rows - average * average);
        const inverse = 1 / Math.sqrt(variance + epsilon);
        mean[group * channels + c] = average;
        inverseDeviation[group * channels + c] = inverse;
        scale[c] = gamma[c] * inverse;
        shift[c] = beta[c] - average * scale[c];
        runningMean[c] += momentum * (average - runningMean[c]);
        runningVariance[c] += momentum * ((variance * rows) / (rows - 1) - runningVariance[c]);
      }
      normalise(x, y, part, { scale, shift }, { residual, relu });
    }
    markChanged(wasm, [runningMeanInfo, runningVarianceInfo]);
    return outputs;
  },
};
