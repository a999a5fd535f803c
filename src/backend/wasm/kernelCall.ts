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
 * To be called when a kernel has changed the data of its inputs in place: XNNPACK packs a convolution's filter and a product's second
 * matrix once and finds the packed copy by the tensor's number, so it would go on with the old values.
 */
export function markChanged(backend: BackendWasm, infos: readonly tf.TensorInfo[]): void {
  for (const { dataId } of infos) {
    const { id, memoryOffset, shape } = backend.dataIdMap.get(dataId);
    backend.wasm.tfjs.disposeData(id); // forgets the tensor and what was packed from it; its memory stays
    backend.wasm.tfjs.registerTensor(id, tf.util.sizeFromShape(shape), memoryOffset);
  }
}

/** One more reference to the same data, given back like any other result. */
export function anotherReference(backend: BackendWasm, { dataId, dtype, shape }: tf.TensorInfo): tf.TensorInfo {
  backend.incRef(dataId);
  return { dataId, dtype, shape };
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
