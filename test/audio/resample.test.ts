import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { halvingFilter } from '../../src/audio/halveRate.js';
import { kaiserSinc } from '../../src/audio/kaiserSinc.js';
import { resample } from '../../src/audio/resample.js';
import golden from '../golden/audio/audio.json' with { type: 'json' };
import soxr from '../golden/audio/soxrTones.json' with { type: 'json' };
import { frontEndEngines, useFrontEndEngine } from './engines.js';
import { decibels, referenceSignal, rms, tone } from './signals.js';

describe.each(frontEndEngines)('%s', (engine) => {
  useFrontEndEngine(engine);

  const halveRate = (samples: Float32Array) => resample(samples, { from: 44_100, to: 22_050 });

  describe('2:1', () => {
    it("has the coefficients of the reference's filter", () => {
      // h[0..5] of the reference, from resampy's own filter file.
      expect(halvingFilter.slice(0, 6)).toBeAllClose([0.4737969, 0.3170939, 0.0260396, -0.1024819, -0.0255536, 0.0577135], { atol: 5e-8 });
      expect(halvingFilter.length).toBe(128);
      expect(2 * halvingFilter.reduce((sum, h) => sum + h, 0) - halvingFilter[0]).toBeCloseTo(0.99999999, 7);
    });

    it('is the direct sum, cut at the edges, at every length', () => {
      for (const n of [1, 2, 3, 7, 8, 100, 253, 300, 2 * 4096 + 2, 2 * 4096 * 2 + 7]) {
        const x = referenceSignal(n);
        const expected = new Float64Array(Math.ceil(n / 2));
        for (let t = 0; t < Math.floor(n / 2); t++)
          for (let k = -127; k <= 127; k++) expected[t] += halvingFilter[Math.abs(k)] * (x[2 * t - k] ?? 0);
        // Rounding to float32 of values up to 0.6.
        expect(halveRate(x)).toBeAllClose(expected, { atol: 4e-8 });
      }
    });

    it('gives back the filter for an impulse and a 0 after an odd clip', () => {
      const impulse = new Float32Array(601);
      impulse[300] = 1;
      const out = resample(impulse, { from: 44_100, to: 22_050 });
      expect(out.length).toBe(301);
      expect(out[300]).toBe(0);
      expect(out.subarray(150 - 63, 151 + 63)).toBeAllClose(
        Float32Array.from({ length: 127 }, (_, i) => halvingFilter[Math.abs(2 * (i - 63))]),
        { atol: 1e-8 },
      );
      const odd = new Float32Array(255).fill(1);
      expect(halveRate(odd)[127]).toBe(0);
      expect(Math.abs(halveRate(odd)[126])).toBeGreaterThan(0.1);
    });
  });

  describe('resample', () => {
    it.each(golden.resample)('equals the direct sum in numpy, $from -> $to', ({ from, to, numSamples, values }) => {
      // 44101 -> 22050 interpolates its taps: -143 dB of the filter's peak. The others: float32 rounding.
      expect(resample(referenceSignal(numSamples), { from, to })).toBeAllClose(values, { atol: 6e-7 });
    });

    it('is the same sum across its blocks of outputs', () => {
      const x = referenceSignal(20_000);
      for (const [from, to] of [
        [48_000, 22_050],
        [16_000, 22_050],
        [44_101, 22_050],
      ]) {
        const scale = Math.min(1, to / from);
        const y = resample(x, { from, to });
        for (const t of [0, 1, 4095, 4096, 4097, 8191, 8192, y.length - 1]) {
          let sum = 0;
          for (let i = 0; i < x.length; i++) sum += scale * kaiserSinc(scale * ((t * from) / to - i)) * x[i];
          expect(Math.abs(y[t] - sum)).toBeLessThan(1e-6);
        }
      }
    });

    it('has ceil(n * to / from) samples for any rates', () => {
      const rates = fc.integer({ min: 1000, max: 768_000 });
      fc.assert(
        fc.property(rates, rates, fc.integer({ min: 0, max: 60 }), (from, to, n) => {
          const out = resample(new Float32Array(n).fill(0.5), { from, to });
          expect(out.length).toBe(Number((BigInt(n) * BigInt(to) + BigInt(from) - 1n) / BigInt(from)));
          expect(out.every(Number.isFinite)).toBe(true);
        }),
        { numRuns: 40 },
      );
    });

    const ratios = [
      [44_100, 22_050],
      [48_000, 22_050],
      [48_000, 16_000],
      [32_000, 22_050],
      [96_000, 22_050],
      [44_101, 22_050],
    ];

    it.each(ratios)('%i -> %i: tones from 1.02 of the new Nyquist frequency up are at least 100 dB down', (from, to) => {
      for (const ratio of [1.02, 1.03, 1.05, 1.1, 1.3, 1.7, 2.1]) {
        const hz = (ratio * to) / 2;
        if (hz >= from / 2) continue;
        const out = resample(tone(hz, from, from / 5), { from, to });
        // Away from the clip's ends, which are no part of the tone.
        expect(decibels(rms(out, 500, out.length - 500) / Math.SQRT1_2), `${hz} Hz`).toBeLessThan(-100);
      }
    });

    it.each(ratios)(
      '%i -> %i: tones up to 0.9 of the new Nyquist frequency keep their level within 0.1 dB, and their phase',
      (from, to) => {
        for (const ratio of [0.001, 0.1, 0.5, 0.8, 0.9]) {
          const hz = (ratio * to) / 2;
          const out = resample(tone(hz, from, from / 5), { from, to });
          const expected = tone(hz, to, out.length);
          const middle = [500, out.length - 500] as const;
          expect(Math.abs(decibels(rms(out, ...middle) / rms(expected, ...middle))), `${hz} Hz`).toBeLessThan(0.1);
          expect(
            decibels(
              rms(
                out.map((v, i) => v - expected[i]),
                ...middle,
              ) / Math.SQRT1_2,
            ),
          ).toBeLessThan(ratio < 0.85 ? -100 : -38);
        }
      },
    );

    it.each(soxr.cases)("passes and stops tones as soxr's VHQ does, $from -> $to", ({ from, to, values }) => {
      const nyquist = Math.min(from, to) / 2;
      const ratios = [...soxr.below, ...soxr.above].filter((ratio) => ratio * nyquist < (0.99 * from) / 2);
      const tones = ratios.map((ratio) => tone(ratio * nyquist, from, from >> 1));
      const x = Float32Array.from({ length: from >> 1 }, (_, i) => tones.reduce((sum, samples) => sum + 0.1 * samples[i], 0));
      const y = resample(x, { from, to }).subarray(soxr.first, soxr.first + values.length);
      // Of tones of 0.1. soxr's own distance from the tones below the Nyquist frequency is 1.2e-5 where its delay is no whole number of samples.
      expect(y).toBeAllClose(values, { atol: 1.5e-5 });
    });

    it.each([
      [8000, 22_050],
      [16_000, 22_050],
      [11_025, 48_000],
    ])('%i -> %i: a tone goes up without images, within -100 dB', (from, to) => {
      const out = resample(tone(0.4 * from, from, from / 5), { from, to });
      const expected = tone(0.4 * from, to, out.length);
      expect(
        decibels(
          rms(
            out.map((v, i) => v - expected[i]),
            600,
            out.length - 600,
          ),
        ),
      ).toBeLessThan(-100);
    });

    it('returns the samples themselves at equal rates and refuses rates out of range', () => {
      const x = referenceSignal(10);
      expect(resample(x, { from: 999_999 - 977_949, to: 22_050 })).toBe(x);
      for (const bad of [999, 768_001, 0, -1, 22_050.5, Number.NaN, Number.POSITIVE_INFINITY, 4_294_967_295]) {
        expect(() => resample(x, { from: bad, to: 22_050 })).toThrow('rates must be integers in 1000..768000');
        expect(() => resample(x, { from: 22_050, to: bad })).toThrow('rates must be integers in 1000..768000');
      }
      expect(() => resample(new Float32Array(2_000_000), { from: 1000, to: 768_000 })).toThrow('at most 2^30 samples');
    });

    it('keeps its tables small at rates without a common divisor', () => {
      const before = process.memoryUsage().arrayBuffers;
      for (const from of [767_999, 767_957, 766_999, 44_101, 191_999]) resample(referenceSignal(3000), { from, to: 22_050 });
      // A table of every phase would take 786 MB for the first pair alone; what is kept is one of 262,146 points.
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
    });
  });
});
