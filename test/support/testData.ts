import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = process.env.AUDIOSSL_TEST_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));

/** Path of a folder of test data outside the repository, or undefined where it is absent: `describe.skipIf(!testData('odd_audio'))`. */
export function testData(name: string): string | undefined {
  const path = join(root, name);
  return existsSync(path) ? path : undefined;
}
