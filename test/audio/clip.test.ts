import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clipLogMel, prepareClip } from '../../src/audio/clipLogMel.js';
import { fixLength } from '../../src/audio/fixLength.js';
import { resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { logMel } from '../../src/audio/logMel.js';
import { mixDown } from '../../src/audio/mixDown.js';
import { normaliseClip } from '../../src/audio/normaliseClip.js';
import { resample } from '../../src/audio/resample.js';
import { frontEndEngines, useFrontEndEngine } from './engines.js';
import { referenceSignal } from './signals.js';

describe.each(frontEndEngines)('%s', (engine) => {
  useFrontEndEngine(engine);

  const floats = fc
    .array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 50 })
    .map((values) => Float32Array.from(values));

  describe('mixDown', () => {
    it('is the mean of the channels; a single one stays itself', () => {
      expect(mixDown([Float32Array.of(1, 0, -1), Float32Array.of(0, 0.5, -1), Float32Array.of(-1, 1, -1)])).toBeAllClose([0, 0.5, -1], {
        atol: 1e-7,
      });
      const mono = referenceSignal(10);
      expect(mixDown([mono])).toBe(mono);
      expect(() => mixDown([])).toThrow('at least 1 channel');
    });
  });

  describe('normaliseClip', () => {
    it("gives the reference's values", () => {
      expect(normaliseClip(referenceSignal()).subarray(0, 4)).toBeAllClose([-0.1579359, -0.055714, 0.2204981, 0.3495213], { atol: 2e-7 });
    });

    it('has mean 0 and the peak p / (p + headRoom), whatever the offset', () => {
      fc.assert(
        fc.property(floats, fc.float({ min: -2, max: 2, noNaN: true }), (x, offset) => {
          const shifted = x.map((v) => v + offset);
          const y = normaliseClip(shifted);
          const mean = shifted.reduce((sum, v) => sum + v, 0) / x.length;
          const peak = Math.max(...shifted.map((v) => Math.abs(v - mean)));
          expect(Math.max(...y.map(Math.abs))).toBeCloseTo(peak / (peak + 0.005), 4);
          expect(Math.abs(y.reduce((sum, v) => sum + v, 0) / x.length)).toBeLessThan(1e-4);
        }),
      );
    });

    it('keeps silence silent, also without head room, and refuses 0 samples', () => {
      expect(normaliseClip(new Float32Array(3).fill(0.25))).toEqual(new Float32Array(3));
      expect(normaliseClip(new Float32Array(3), { headRoom: 0 })).toEqual(new Float32Array(3));
      expect(() => normaliseClip(new Float32Array(0))).toThrow('at least 1 sample');
    });
  });

  describe('fixLength', () => {
    const numSamples = 20;
    it('varup fills the short by tiling and keeps the long; fix cuts them; varfull touches nothing', () => {
      fc.assert(
        fc.property(floats, (x) => {
          const tiled = Float32Array.from({ length: numSamples }, (_, i) => x[i % x.length]);
          const isShort = x.length < numSamples;
          expect(fixLength(x, { numSamples })).toEqual(isShort ? tiled : x);
          expect(fixLength(x, { numSamples, mode: 'fix' })).toEqual(isShort ? tiled : x.slice(0, numSamples));
          expect(fixLength(x, { numSamples, mode: 'varfull' })).toBe(x);
          const padded = Float32Array.from({ length: numSamples }, (_, i) => x[i] ?? 0);
          expect(fixLength(x, { numSamples, fill: 'zero' })).toEqual(isShort ? padded : x);
        }),
      );
    });

    it('cuts where it is told to, inside the clip only', () => {
      const x = Float32Array.from({ length: 30 }, (_, i) => i);
      expect(fixLength(x, { numSamples, mode: 'fix', start: 10 })).toEqual(x.slice(10));
      for (const start of [11, -1, 0.5])
        expect(() => fixLength(x, { numSamples, mode: 'fix', start })).toThrow('start must be an integer in 0..10');
      expect(() => fixLength(new Float32Array(0), { numSamples })).toThrow('at least 1 sample');
    });
  });

  describe('clipLogMel', () => {
    it('mixes down, resamples, normalises, fixes the length and takes the log-mel, in this order', () => {
      const channels = [referenceSignal(30_001), referenceSignal(30_001).reverse()];
      const frontEnd = resolveFrontEnd();
      const x = resample(mixDown(channels), { from: 44_100, to: 22_050 });
      const expected = logMel(fixLength(normaliseClip(x), { numSamples: 22_050 }), frontEnd);
      const { data, numFrames, nMels } = clipLogMel({ channels, sampleRate: 44_100 }, frontEnd);
      expect(data).toEqual(expected.data);
      expect([numFrames, nMels]).toEqual([101, 96]);
    });

    it('fills short clips after normalising, and leaves lengths alone without minSeconds', () => {
      const decoded = { channels: [referenceSignal(5000)], sampleRate: 22_050 };
      expect(prepareClip(decoded, resolveFrontEnd())).toEqual(fixLength(normaliseClip(decoded.channels[0]), { numSamples: 22_050 }));
      expect(prepareClip(decoded, resolveFrontEnd({ minSeconds: 0, normalise: false }))).toBe(decoded.channels[0]);
    });

    it.each([1, 2, 3, 441, 22_049, 22_050, 22_051])('is finite for %i samples of silence or sound', (length) => {
      for (const samples of [new Float32Array(length), referenceSignal(length)]) {
        const { data, numFrames } = clipLogMel({ channels: [samples], sampleRate: 44_100 }, resolveFrontEnd());
        expect(numFrames).toBe(101);
        expect(data.every(Number.isFinite)).toBe(true);
      }
    });
  });
});
