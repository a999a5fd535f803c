import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers'; // registers the gradients
import * as tf from '@tensorflow/tfjs-core';

/** The backend's name: not 'cpu', so that code which asks for the backend's name treats it as it would tfjs-node. */
export const noNumericPadding = 'nonumericpadding';

const paddedKernels = new Set([
  'Conv2D',
  'Conv2DBackpropFilter',
  'Conv2DBackpropInput',
  'FusedConv2D',
  'DepthwiseConv2dNative',
  'DepthwiseConv2dNativeBackpropFilter',
  'DepthwiseConv2dNativeBackpropInput',
  'FusedDepthwiseConv2D',
  'MaxPool',
  'MaxPoolGrad',
  'MaxPoolWithArgmax',
  'AvgPool',
  'AvgPoolGrad',
]);

/**
 * Makes a copy of the cpu backend current that refuses numeric padding in convolutions and pooling with tfjs-node's words, as tfjs-node
 * does, and knows none of our own kernels. Code that runs here pads by `tf.pad` and runs on tfjs-node too.
 */
export async function useNoNumericPadding(): Promise<void> {
  tf.env().set('PROD', true);
  if (!tf.findBackendFactory(noNumericPadding)) {
    tf.registerBackend(noNumericPadding, () => new MathBackendCPU());
    for (const kernel of tf.getKernelsForBackend('cpu')) {
      if (!kernel.kernelName.startsWith('Audiossl')) tf.registerKernel({ ...refusing(kernel), backendName: noNumericPadding });
    }
  }
  await tf.setBackend(noNumericPadding);
}

function refusing(kernel: tf.KernelConfig): tf.KernelConfig {
  if (!paddedKernels.has(kernel.kernelName)) return kernel;
  return {
    ...kernel,
    kernelFunc: (call) => {
      const pad = call.attrs?.pad;
      if (pad !== 'valid' && pad !== 'same') {
        const type = Array.isArray(pad) ? 'EXPLICIT' : 'NUMBER';
        throw new Error(`TF Backend supports only 'valid' and 'same' padding while padding was ${type}`);
      }
      return kernel.kernelFunc(call);
    },
  };
}
