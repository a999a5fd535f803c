import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../../util/errors.js';

/** Runs another kernel of the wasm backend inside a kernel of ours. The caller disposes of the result by `backend.disposeData`. */
export function callKernel(backend: BackendWasm, name: string, inputs: tf.NamedTensorInfoMap, attrs: tf.NamedAttrMap): tf.TensorInfo {
  const kernel = tf.getKernel(name, 'wasm');
  if (!kernel) throw new AudiosslError(`wasm: kernel ${name} is not registered; import @tensorflow/tfjs-backend-wasm first`);
  const result = kernel.kernelFunc({ inputs, attrs, backend });
  return Array.isArray(result) ? result[0] : result;
}

/** An input by name; tfjs's types allow any of them to be absent. */
export function requiredInput(inputs: tf.NamedTensorInfoMap, name: string): tf.TensorInfo {
  const input = inputs[name];
  if (!input) throw new AudiosslError(`wasm: the kernel needs input ${name}, got ${Object.keys(inputs).join(', ') || 'none'}`);
  return input;
}

/**
 * Collects the intermediate results of a kernel, so that one `dispose` gives them all back: kernels run outside of any tidy.
 * `call` runs a kernel and keeps what it returns; `keep` adds a result made in another way.
 */
export function scratch(backend: BackendWasm): {
  call(name: string, inputs: tf.NamedTensorInfoMap, attrs: tf.NamedAttrMap): tf.TensorInfo;
  keep(info: tf.TensorInfo): tf.TensorInfo;
  dispose(): void;
} {
  const kept: tf.TensorInfo[] = [];
  const keep = (info: tf.TensorInfo): tf.TensorInfo => {
    kept.push(info);
    return info;
  };
  return {
    call: (name, inputs, attrs) => keep(callKernel(backend, name, inputs, attrs)),
    keep,
    dispose: () => {
      for (const { dataId } of kept) backend.disposeData(dataId);
      kept.length = 0;
    },
  };
}
