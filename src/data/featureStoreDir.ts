import { basename, dirname, join, resolve } from 'node:path';
import { sha256 } from '../util/hash.js';

/**
 * Where the features of the recordings in `data` stand for a run in `out`: beside the run, in `features/<name of the folder>-<hash of its
 * path and the front end>`, where other runs find them again and another folder of the same name does not.
 */
export function featureStoreDir({ data, out, frontEndHash }: { data: string; out: string; frontEndHash: string }): string {
  const dir = resolve(data);
  return join(dirname(out), 'features', `${basename(dir)}-${sha256(`${dir}\n${frontEndHash}`).slice(0, 8)}`);
}
