import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { frontEndAddon, frontEndEngine, useFrontEndAddon } from '../../src/audio/frontEndAddon.js';
import { logMel } from '../../src/audio/logMel.js';
import { resampleTable } from '../../src/audio/resampleTable.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { hasNativeFrontEnd } from './engines.js';
import { referenceSignal } from './signals.js';

const built = fileURLToPath(new URL('../../native/build/frontEnd.node', import.meta.url));

describe('without a working addon', () => {
  afterEach(() => useFrontEndAddon(built));

  it('TypeScript does the work, and says why', () => {
    const expected = logMel(referenceSignal(3000), resolveFrontEnd());
    const folder = temporaryFolder();
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    for (const [path, reason] of [
      [join(folder, 'none.node'), /^the addon is not built$/],
      [file('broken.node', 'no library'), /^the addon does not load: [^\n]*$/],
      [file('old.cjs', 'module.exports = { interfaceVersion: 0 };'), /^the addon is of another version of audiossl$/],
    ] as const) {
      useFrontEndAddon(path);
      expect(frontEndEngine()).toEqual({ name: 'typescript', reason: expect.stringMatching(reason) });
      expect(logMel(referenceSignal(3000), resolveFrontEnd()).data).toBeAllClose(expected.data, { atol: 1e-6 });
    }
  });
});

/** In a process of its own, as the instruction set is chosen once: log-mel and two resamplings of a second and a bit of sound. */
const program = `
  const audio = (name) => import(process.argv[1] + '/dist/audio/' + name + '.js');
  const [{ frontEndEngine }, { resolveFrontEnd }, { logMel }, { resample }] =
    await Promise.all(['frontEndAddon', 'frontEnd', 'logMel', 'resample'].map(audio));
  const samples = Float32Array.from({ length: 30_001 }, (_, n) => 0.5 * Math.sin(0.1 * n) + 0.3 * Math.sin(0.01 * n * n));
  const parts = [logMel(samples, resolveFrontEnd()).data, ...[48_000, 44_101].map((from) => resample(samples, { from, to: 22_050 }))];
  console.log(JSON.stringify({ set: frontEndEngine().instructionSet, values: parts.flatMap((part) => [...part]) }));
`;

describe.skipIf(!hasNativeFrontEnd)('the addon', () => {
  it('gives the same bits by AVX2 and AVX-512, and by the baseline all but the rounding', () => {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const [best, ...others] = ['', 'avx2', 'baseline'].map((AUDIOSSL_SIMD) => {
      const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program, root], {
        encoding: 'utf8',
        env: { ...process.env, AUDIOSSL_SIMD },
        maxBuffer: 2 ** 26,
      });
      return JSON.parse(stdout) as { set: string; values: number[] };
    });
    for (const { set, values } of others) {
      if (set === 'avx2' && best.set === 'avx512') expect(values).toEqual(best.values);
      else expect(values).toBeAllClose(best.values, { atol: 1e-6 });
    }
    expect(others[1].set).toBe('baseline');
  });

  it('reads and writes nothing outside the arrays', () => {
    const addon = frontEndAddon();
    if (!addon) throw new Error('the addon is built, but does not load');
    const table = resampleTable({ from: 48_000, to: 22_050 });
    const four = new Float32Array(4);
    expect(() => addon.resample({ ...table, weights: table.weights.subarray(8) }, four, 0, 0, four)).toThrow('weights has another length');
    expect(() => addon.resample({ ...table, rowLength: 9 }, four, 0, 0, four)).toThrow('rowLength must be a multiple of 8');
    expect(() => addon.resample(table, four, 0, -1, four)).toThrow('index is out of range');
    expect(() => addon.normalise(four, 0, 1, new Float32Array(3))).toThrow('differ in length');
    expect(() => addon.mixDown([four, new Float32Array(3)], four)).toThrow('differ in length');
    expect(() => addon.readPcm16(new Uint8Array(8), [new Float32Array(5)])).toThrow('differ in length');
    expect(() => addon.addToLevel(new Float64Array(10), four)).toThrow('11 numbers');
    const options = {
      ...{ nFft: 64, winLength: 64, hopLength: 16, nMels: 1, firstSample: 0, isMirrored: false, isMagnitude: false },
      ...{ waveformOffset: 0, logOffset: 1, logFloor: 0, logScale: 1, window: new Float64Array(64), melWeights: new Float64Array(2) },
      ...{ firstBin: Int32Array.of(31), endBin: Int32Array.of(33) },
    };
    const plan = addon.createLogMelPlan(options);
    expect(() => addon.logMel(plan, new Float32Array(79), 0, Number.POSITIVE_INFINITY, 0, new Float32Array(2))).toThrow('do not reach');
    expect(() => addon.logMel(plan, new Float32Array(80), 1, Number.POSITIVE_INFINITY, 0, new Float32Array(2))).toThrow('do not reach');
    expect(() => addon.createLogMelPlan({ ...options, endBin: Int32Array.of(34) })).toThrow('outside the spectrum');
    expect(() => addon.createLogMelPlan({ ...options, window: new Float64Array(63) })).toThrow('window has another length');
    expect(() => addon.createLogMelPlan({ ...options, nFft: 96 })).toThrow('power of two');
    expect(() => addon.logMel({} as never, four, 0, 4, 0, four)).toThrow('plan is expected');
  });
});
