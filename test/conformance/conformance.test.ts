import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import exclusions from './exclusions.json' with { type: 'json' };

const addon = fileURLToPath(new URL('../../native/build/audiossl.node', import.meta.url));
const runner = fileURLToPath(new URL('./run.mjs', import.meta.url));

interface Outcome {
  executed: number;
  failed: { name: string; message: string }[];
}

/** tfjs's own published specs are the contract of a backend: this one passes all of them but the listed ones. */
describe.skipIf(!existsSync(addon))('the specs of @tensorflow/tfjs-core on libtorch (skipped where the addon is not built)', () => {
  it('pass, all but the exclusions', { timeout: 300_000 }, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [runner], { maxBuffer: 1 << 26 });
    const { executed, failed } = JSON.parse(stdout) as Outcome;
    expect(executed, 'specs that ran: far fewer means that the bundle dropped them').toBeGreaterThanOrEqual(4200);
    const excluded = new Set(exclusions.map(({ spec }) => spec));
    expect(failed.filter(({ name }) => !excluded.has(name))).toEqual([]);
    const passed = exclusions.filter(({ spec }) => !failed.some(({ name }) => name === spec));
    expect(passed, 'exclusions that pass: take them off the list').toEqual([]);
  });
});

describe('the specs of @tensorflow/tfjs-core on wasm', () => {
  // Kernels of ours stand in for tfjs's there: Sum, Mean and ClipByValue, with what is made of them.
  it('of reductions and clips pass, every one', { timeout: 300_000 }, async () => {
    const specs = '^(sum|mean|moments|norm|prod|max|min|all|any|clipByValue|logSumExp|cumsum) ';
    const { stdout } = await promisify(execFile)(process.execPath, [runner], {
      maxBuffer: 1 << 26,
      env: { ...process.env, CONFORMANCE_BACKEND: 'wasm', CONFORMANCE_SPECS: specs },
    });
    const { executed, failed } = JSON.parse(stdout) as Outcome;
    expect(executed).toBeGreaterThanOrEqual(233);
    expect(failed).toEqual([]);
  });
});
