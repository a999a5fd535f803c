import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import exclusions from './exclusions.json' with { type: 'json' };
import exclusionsWasm from './exclusionsWasm.json' with { type: 'json' };

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

describe.skipIf(process.env.AUDIOSSL_ADDON !== undefined)(
  'the specs of @tensorflow/tfjs-core on wasm (skipped with a second libtorch)',
  () => {
    // Kernels of ours stand in for tfjs's there: sums, means, clips, products and the gradients of convolutions, with what is made of them.
    it('pass, all but those that tfjs’s own kernels for wasm do not pass', { timeout: 300_000 }, async () => {
      const env = { ...process.env, CONFORMANCE_BACKEND: 'wasm' };
      const { stdout } = await promisify(execFile)(process.execPath, [runner], { maxBuffer: 1 << 26, env });
      const { executed, failed } = JSON.parse(stdout) as Outcome;
      expect(executed).toBeGreaterThanOrEqual(4200);
      // By reason. Specs of strings compare what lies in memory, and may pass by chance.
      const excluded = new Set(Object.values(exclusionsWasm).flat());
      expect(failed.filter(({ name }) => !excluded.has(name))).toEqual([]);
    });
  },
);
