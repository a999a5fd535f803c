import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { loadCheckpoint, saveCheckpoint } from '../model/checkpoint.js';
import { leanCheckpoint } from '../model/leanCheckpoint.js';
import type { Model } from '../model/loadModel.js';
import { UsageError } from '../util/errors.js';
import { modelCardPath, weightsOfFile, writeModelCard } from './modelCard.js';

/**
 * One file for `loadModel` with what embedding and classifying need, and its model card beside it: FILE.safetensors and FILE.md.
 * @param half filters and matrices as float16: half the bytes
 * @param data folder of the recordings that it was trained on: their number and licences go into the card
 * @param transfer folder of `audiossl transfer`: its figures go into the card
 */
export async function exportAudiossl({
  model,
  out,
  options: { half = false, data, transfer },
}: {
  model: Model;
  out: string;
  options: { half?: boolean; data?: string; transfer?: string };
}): Promise<string> {
  const from = model.checkpoint?.path;
  if (from === undefined || !existsSync(from)) throw new UsageError('export: audiossl copies the weights of a file, the model is in none');
  if (extname(out) !== '.safetensors') throw new UsageError(`export: --format audiossl writes a .safetensors file, got --out ${out}`);
  const lean = leanCheckpoint(await loadCheckpoint(from));
  await saveCheckpoint(out, lean, { half });
  const path = modelCardPath(out);
  await writeModelCard({ model, path, weights: await weightsOfFile(out, half ? 'float16 filters' : 'float32 filters'), data, transfer });
  return `${lean.tensors.size} tensors, ${half ? 'float16' : 'float32'}, without what only training needs; model card ${path}`;
}
