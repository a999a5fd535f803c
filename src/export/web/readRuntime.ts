import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AudiosslError, errorText } from '../../util/errors.js';
import { packageFile } from '../../util/packageFile.js';

/**
 * The files of onnxruntime-web that a page needs: its module and its WebAssembly. Throws AudiosslError where the package is not installed.
 * @param folders where it is looked for: beside audiossl, and beside whatever the user runs
 */
export async function readRuntime(folders: string[] = [packageFile(), process.cwd()]): Promise<{ runtime: Uint8Array; wasm: Uint8Array }> {
  try {
    const path = createRequire(packageFile('package.json')).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm', { paths: folders });
    return { runtime: await readFile(join(dirname(path), 'ort.wasm.bundle.min.mjs')), wasm: await readFile(path) };
  } catch (error) {
    throw new AudiosslError(
      `export: --format web needs the package onnxruntime-web (${errorText(error)}); npm install onnxruntime-web@1.30.0`,
      {
        cause: error,
      },
    );
  }
}
