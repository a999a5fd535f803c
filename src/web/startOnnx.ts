import type { InferenceSession, Tensor } from 'onnxruntime-web/wasm';

/** Raw log-mel patches `[count, patchFrames, nMels]` -> h `[count, dim]`. */
export type RunEncoder = (patches: Float32Array, count: number) => Promise<Float32Array>;

/**
 * Starts onnxruntime-web from bytes alone: its module comes from a blob, its WebAssembly is handed over, and it runs on this thread, which
 * together is what a page opened by double click allows.
 */
export async function startOnnx(
  { runtime, wasm, encoder }: Record<'runtime' | 'wasm' | 'encoder', Uint8Array<ArrayBuffer>>,
  { patchFrames, nMels }: { patchFrames: number; nMels: number },
): Promise<RunEncoder> {
  const url = URL.createObjectURL(new Blob([runtime], { type: 'text/javascript' }));
  const ort = (await import(url)) as typeof import('onnxruntime-web/wasm');
  URL.revokeObjectURL(url);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = wasm.buffer;
  const session: InferenceSession = await ort.InferenceSession.create(encoder);
  return async (patches, count) => {
    const { embedding } = await session.run({ log_mel: new ort.Tensor('float32', patches, [count, patchFrames, nMels]) as Tensor });
    return embedding.data as Float32Array;
  };
}
