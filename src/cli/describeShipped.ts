import { relative } from 'node:path';
import type { Model } from '../model/loadModel.js';
import { shippedModelName } from '../model/shippedModel.js';

/** One line for who named no model: which one it is, and where its data, licences and limits are written down. */
export function describeShipped({ path, sha256 }: NonNullable<Model['checkpoint']>): string {
  const card = path.replace(/\.safetensors$/, '.md');
  const fromHere = relative(process.cwd(), card);
  const shown = fromHere.startsWith('..') ? card : fromHere;
  return `model ${shippedModelName}, the encoder that comes with audiossl (sha256 ${sha256.slice(0, 12)}); its data, licences and limits: ${shown}`;
}
