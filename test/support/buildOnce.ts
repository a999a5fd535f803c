import { fileURLToPath } from 'node:url';
// @ts-expect-error plain JavaScript of the set-up script
import { compile } from '../../native/setup/compile.mjs';

let isBuilt = false;

/** Compiles `src/` to `dist/` once before the suite, where something changed since it was done. */
export default function buildOnce(): void {
  if (isBuilt) return; // each project of vitest's asks
  isBuilt = true;
  const result: { isOk: boolean; log: string } | undefined = compile(fileURLToPath(new URL('../..', import.meta.url)));
  if (result?.isOk === false) throw new Error(`npm run build failed:\n${result.log}`);
}
