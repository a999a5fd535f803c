import { readFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-web/wasm';
import { expect } from 'vitest';
import type { ExportOptions } from '../../src/export/exporter.js';
import { exportModel } from '../../src/export/exportModel.js';
import type { Model } from '../../src/model/loadModel.js';

// Threads would need a page that is isolated; in Node they only come up slowly.
ort.env.wasm.numThreads = 1;

/** The exported file, opened by onnxruntime-web. */
export async function onnxSession(model: Model, out: string, options: ExportOptions = {}): Promise<ort.InferenceSession> {
  await exportModel({ model, format: 'onnx', out, options });
  return ort.InferenceSession.create(await readFile(out));
}

export async function runOnnx(session: ort.InferenceSession, values: Float32Array, shape: number[]): Promise<Record<string, ort.Tensor>> {
  const outputs = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', values, shape) });
  return outputs as Record<string, ort.Tensor>;
}

/** Sums of some thousand float32 products in another order: 1e-5 of the largest value holds for every encoder. */
export function expectSame(got: ort.Tensor, expected: Float32Array, tolerance = 1e-5): void {
  const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  expect(largest).toBeGreaterThan(0.01);
  expect(got.data as Float32Array).toBeAllClose(expected, { rtol: 0, atol: tolerance * largest });
}
