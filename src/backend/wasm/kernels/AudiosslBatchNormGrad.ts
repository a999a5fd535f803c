import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { anotherReference, requiredInput } from '../kernelCall.js';
import { addProducts, combine, maskByOutput } from './batchNormLoops.js';

interface BatchNormGradAttrs {
  groups: number;
  relu: boolean;
  hasResidual: boolean;
}

/** A multiple of the four rows that `addProducts` takes at a time. */
const rowsAtOnce = 32;

/** The way back through batch norm, residual and ReLU; the equations are in `ops/batchNorm`. */
export const audiosslBatchNormGrad: KernelConfig = {
  kernelName: 'AudiosslBatchNormGrad',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const wasm = backend as BackendWasm;
    const { groups, relu, hasResidual } = attrs as unknown as BatchNormGradAttrs;
    const [dyInfo, xInfo, gammaInfo] = ['dy', 'x', 'gamma'].map((name) => requiredInput(inputs, name));
    const [meanInfo, deviationInfo] = ['mean', 'inverseDeviation'].map((name) => requiredInput(inputs, name));
    const channels = gammaInfo.shape[0];
    const outputs = [xInfo.shape, [channels], [channels]].map((shape) => wasm.makeOutput(shape, 'float32'));
    if (hasResidual) outputs.push(relu ? wasm.makeOutput(xInfo.shape, 'float32') : anotherReference(wasm, dyInfo));

    // Views come after the outputs: to make one may move the heap.
    const values = (info: TensorInfo) => wasm.typedArrayFromHeap(info) as Float32Array;
    const bits = (info: TensorInfo) => wasm.typedArrayFromHeap({ ...info, dtype: 'int32' }) as Int32Array;
    // With a ReLU the masked dy is the residual's gradient, or else waits in dx until dx itself is written over it.
    const gInfo = !relu ? dyInfo : hasResidual ? outputs[3] : outputs[0];
    const masking = relu ? [dyInfo, requiredInput(inputs, 'y'), gInfo].map(bits) : undefined;
    const [g, x, gamma, mean, inverseDeviation] = [gInfo, xInfo, gammaInfo, meanInfo, deviationInfo].map(values);
    const [dx, dGamma, dBeta] = outputs.slice(0, 3).map(values);

    const rows = x.length / channels / groups;
    const [sums, products, scale, slope, offset, allProducts, allSums] = Array.from({ length: 7 }, () => new Float64Array(channels));
    for (let group = 0; group < groups; group++) {
      const part = { start: group * rows * channels, rows, channels };
      sums.fill(0);
      products.fill(0);
      // A few rows at a time, so that what the mask has just written is still in the cache.
      for (let row = 0; row < rows; row += rowsAtOnce) {
        const some = { start: part.start + row * channels, rows: Math.min(rowsAtOnce, rows - row), channels };
        if (masking) maskByOutput(masking[0], masking[1], masking[2], some.start, some.start + some.rows * channels);
        addProducts(g, x, some, sums, products);
      }
      for (let c = 0; c < channels; c++) {
        const at = group * channels + c;
        const sumGXHat = (products[c] - mean[at] * sums[c]) * inverseDeviation[at];
        allSums[c] += sums[c];
        allProducts[c] += sumGXHat;
        scale[c] = gamma[c] * inverseDeviation[at];
        slope[c] = (-scale[c] * inverseDeviation[at] * sumGXHat) / rows;
        offset[c] = (-scale[c] * sums[c]) / rows - slope[c] * mean[at];
      }
      combine(g, x, dx, part, { scale, slope, offset });
    }
    dGamma.set(allProducts);
    dBeta.set(allSums);
    return outputs;
  },
};
