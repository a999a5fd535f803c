import * as tf from '@tensorflow/tfjs-core';

const passes = { Conv2D: 'forward', Conv2DBackpropInput: 'inputGradient', Conv2DBackpropFilter: 'filterGradient' };

/** Runs a step in which every convolution is repeated on the spot; what each was and its median milliseconds. */
export function timeConvolutions(step, repeats) {
  const convolutions = [];
  for (const [kernelName, pass] of Object.entries(passes)) {
    const kernel = tf.getKernel(kernelName, tf.getBackend());
    tf.unregisterKernel(kernelName, tf.getBackend());
    const kernelFunc = (call) => {
      const result = kernel.kernelFunc(call);
      const times = Array.from({ length: repeats }, () => {
        const start = performance.now();
        const again = kernel.kernelFunc(call);
        const ms = performance.now() - start;
        call.backend.disposeData(again.dataId);
        return ms;
      });
      const { inputs, attrs } = call;
      convolutions.push({
        pass,
        x: attrs.inputShape ?? inputs.x.shape,
        filter: attrs.filterShape ?? inputs.filter.shape,
        stride: attrs.strides[0],
        padding: attrs.pad === 'valid' ? 0 : attrs.pad[1][0],
        ms: times.sort((a, b) => a - b)[repeats >> 1],
      });
      return result;
    };
    tf.registerKernel({ ...kernel, kernelFunc });
  }
  step();
  return convolutions;
}
