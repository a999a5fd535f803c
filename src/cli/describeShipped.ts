import { relative } from 'node:path';
import type { Model } from '../model/loadModel.js';
import { shippedModelName } from '../model/shippedModel.js';

/** One line for who named no model: which one it is, and where its data, licences and limits are written down. Undefined for other models. */
export function describeShipped({ checkpoint }: Pick<Model, 'checkpoint'>): string | undefined {
  if (checkpoint?.name !== shippedModelName) return undefined;
  const card = checkpoint.path.replace(/\.safetensors$/, '.md');
  const fromHere = relative(process.cwd(), card);
  const shown = fromHere.startsWith('..') ? card : fromHere;
  return `model ${shippedModelName}, the encoder that comes with audiossl (sha256 ${checkpoint.sha256.slice(0, 12)}); its data, licences and limits: ${shown}`;
}
