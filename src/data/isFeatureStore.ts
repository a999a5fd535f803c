import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { storeFile } from './storeFiles.js';

/** Whether a folder is a complete feature store: its store.json is written last. */
export function isFeatureStore(dir: string): boolean {
  return existsSync(join(dir, storeFile.store));
}
