import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FrontEnd, resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { logMel, numLogMelFrames } from '../../src/audio/logMel.js';
import { melFilterBank } from '../../src/audio/melFilterBank.js';
import { normaliseClip } from '../../src/audio/normaliseClip.js';
import { periodicWindow } from '../../src/audio/window.js';
import golden from '../golden/audio/audio.json' with { type: 'json' };
import { frontEndEngines, useFrontEndEngine } from './engines.js';
import { referenceSignal } from './signals.js';

describe.each(frontEndEngines)('%s', (engine) => {
  useFrontEndEngine(engine);

  const acl = resolveFrontEnd();
  const normalised = normaliseClip(referenceSignal());

  describe('logMel, golden values of the reference (own numpy implementation of the librosa 0.7.2 algorithm)', () => {
    const { data, numFrames, nMels } = logMel(normalised, acl);
    const at = (frame: number, band: number) => data[frame * nMels + band];

    it('is 101 x 96 for a second of sound, with the published values within 1e-4', () => {
      expect([numFrames, nMels, data.length]).toEqual([101, 96, 101 * 96]);
      expect([at(0, 0), at(0, 5), at(50, 0), at(50, 9), at(50, 10), at(50, 50), at(100, 95)]).toBeAllClose(
        [2.787785, 3.01547, 0.793627, 3.299113, 4.500165, 1.472872, 2.032483],
        { atol: 1e-4 },
      );
      expect([data.reduce((sum, v) => sum + v, 0) / data.length, Math.min(...data), Math.max(...data)]).toBeAllClose(
        [1.325277, -0.493376, 4.705035],
        { atol: 1e-4 },
      );
      expect(data.indexOf(Math.max(...data))).toBe(89 * 96 + 11);
    });

    it('differs with zero padding in the frames 0, 1, 99 and 100 only', () => {
      const padded = logMel(normalised, resolveFrontEnd({ padMode: 'constant' })).data;
      expect([padded[0], padded[5], padded[100 * 96 + 95]]).toBeAllClose([2.203755, 2.409325, 1.707266], { atol: 1e-4 });
      const changed = Array.from({ length: 101 }, (_, f) => f).filter((f) =>
        data.slice(f * 96, f * 96 + 96).some((v, b) => v !== padded[f * 96 + b]),
      );
      expect(changed).toEqual([0, 1, 99, 100]);
    });

    it('turns digital silence into log10(1.1e-8)', () => {
      const silence = logMel(new Float32Array(22_050), acl).data;
      // The offset on the waveform adds its own power to the lowest bands: up to 1.4e-3 of 1.1e-8.
      expect(silence).toBeAllClose(new Float32Array(101 * 96).fill(Math.log10(1.1e-8)), { atol: 1e-3 });
    });
  });

  describe("logMel, presets against torch.stft and the libraries' mel formulas", () => {
    const burst = new Float32Array(22_050);
    burst.set(referenceSignal(10_000), 6000);
    it.each([
      ['librosa', referenceSignal(), golden.librosa],
      ['librosa', burst, golden.librosaTopDecibels],
      ['torchaudio', referenceSignal(), golden.torchaudio],
    ] as const)('%s', (preset, samples, expected) => {
      const { data, numFrames, nMels } = logMel(samples, resolveFrontEnd({ preset }));
      expect([numFrames, nMels]).toEqual(expected.shape);
      // float32 samples against float64 ones, in decibels.
      expect(data.filter((_, i) => i % expected.stride === 0)).toBeAllClose(expected.values, { atol: 2e-3 });
      expect([data.reduce((sum, v) => sum + v, 0) / data.length, Math.min(...data), Math.max(...data)]).toBeAllClose(
        [expected.mean, expected.min, expected.max],
        { atol: 2e-3 },
      );
    });
  });

  /** The slow, obvious log-mel: the padded signal as numpy.pad gives it, a plain DFT a frame, the dense mel product. */
  function naiveLogMel(samples: Float32Array, frontEnd: FrontEnd): number[] {
    const { nFft, winLength, hopLength, power } = frontEnd;
    let padded = [...samples].map((v) => v + frontEnd.waveformOffset);
    if (frontEnd.center) {
      const pad = nFft / 2;
      const clip = padded;
      const right = (i: number) => {
        if (frontEnd.padMode === 'constant') return 0;
        if (clip.length === 1) return clip[0];
        // Walk to and fro.
        let position = clip.length - 1;
        let step = -1;
        for (let k = 0; k <= i; k++) {
          position += step;
          if (position === 0 || position === clip.length - 1) step = -step;
        }
        return clip[position];
      };
      const left = (i: number) => {
        if (frontEnd.padMode === 'constant') return 0;
        if (clip.length === 1) return clip[0];
        let position = 0;
        let step = 1;
        for (let k = 0; k <= i; k++) {
          position += step;
          if (position === 0 || position === clip.length - 1) step = -step;
        }
        return clip[position];
      };
      padded = [...Array.from({ length: pad }, (_, i) => left(pad - 1 - i)), ...clip, ...Array.from({ length: pad }, (_, i) => right(i))];
    } else while (padded.length < nFft) padded.push(0);
    const window = new Float64Array(nFft);
    window.set(periodicWindow(frontEnd.window, winLength), Math.floor((nFft - winLength) / 2));
    const bank = melFilterBank(frontEnd);
    const out: number[] = [];
    for (let start = 0; start + nFft <= padded.length; start += hopLength) {
      const spectrum = Array.from({ length: bank.numBins }, (_, k) => {
        let re = 0;
        let im = 0;
        for (let n = 0; n < nFft; n++) {
          re += window[n] * padded[start + n] * Math.cos((2 * Math.PI * k * n) / nFft);
          im -= window[n] * padded[start + n] * Math.sin((2 * Math.PI * k * n) / nFft);
        }
        return Math.hypot(re, im) ** power;
      });
      for (let mel = 0; mel < bank.nMels; mel++) {
        const sum = spectrum.reduce((total, value, k) => total + value * bank.weights[mel * bank.numBins + k], 0);
        const m = Math.max(frontEnd.logFloor, sum + frontEnd.logOffset);
        out.push(frontEnd.log === 'ln' ? Math.log(m) : (frontEnd.log === 'log10' ? 1 : power === 2 ? 10 : 20) * Math.log10(m));
      }
    }
    return out;
  }

  describe('logMel, against the naive loop', () => {
    const frontEnds = fc.record({
      winLength: fc.integer({ min: 20, max: 64 }),
      hopLength: fc.integer({ min: 1, max: 20 }),
      nMels: fc.integer({ min: 1, max: 6 }),
      window: fc.constantFrom('hann' as const, 'hamming' as const),
      center: fc.boolean(),
      padMode: fc.constantFrom('reflect' as const, 'constant' as const),
      power: fc.constantFrom(1 as const, 2 as const),
      melScale: fc.constantFrom('slaney' as const, 'htk' as const),
      melNorm: fc.constantFrom('slaney' as const, 'none' as const),
      log: fc.constantFrom('log10' as const, 'ln' as const, 'decibel' as const),
      logFloor: fc.constantFrom(0, 0.5),
    });
    it('for every knob and any length from 1 sample on', () => {
      fc.assert(
        fc.property(frontEnds, fc.integer({ min: 1, max: 150 }), (knobs, length) => {
          const frontEnd = resolveFrontEnd({
            ...knobs,
            sampleRate: 8000,
            nFft: 64,
            fMin: 100,
            fMax: 4000,
            logOffset: 1e-3,
            waveformOffset: 0.01,
          });
          const samples = referenceSignal(length);
          const { data, numFrames } = logMel(samples, frontEnd);
          expect(numFrames).toBe(numLogMelFrames(length, frontEnd));
          // float32 storage of values up to 40 (decibels).
          expect(data).toBeAllClose(naiveLogMel(samples, frontEnd), { atol: 4e-6, rtol: 1e-6 });
        }),
        { numRuns: 150 },
      );
    });

    it('keeps a quiet frame clean beside a loud one in the same transform', () => {
      const samples = new Float32Array(128);
      samples.fill(1, 64);
      const frontEnd = resolveFrontEnd({
        sampleRate: 8000,
        nFft: 64,
        winLength: 64,
        hopLength: 64,
        nMels: 4,
        fMin: 100,
        fMax: 4000,
        center: false,
        waveformOffset: 0,
      });
      expect(logMel(samples, frontEnd).data.subarray(0, 4)).toBeAllClose(new Float32Array(4).fill(Math.log10(1.1e-8)), { atol: 1e-6 });
    });
  });

  describe('logMel, edges', () => {
    it('gives a clip of 0 samples and one that is not finite an error', () => {
      expect(() => logMel(new Float32Array(0), acl)).toThrow('at least 1 sample');
      const broken = normalised.slice();
      broken[500] = Number.NaN;
      expect(() => logMel(broken, acl)).toThrow('must be finite');
      broken[500] = 3e38;
      expect(logMel(broken, acl).data.every(Number.isFinite)).toBe(true);
    });

    it('does not depend on the clips before it', () => {
      const first = logMel(normalised, acl).data;
      const single = normalised.subarray(0, 100);
      const alone = logMel(single, acl).data;
      logMel(
        normalised.map((v) => 1e15 * v),
        acl,
      );
      // One frame: the other half of its transform must not hold what was there before.
      expect(logMel(single, acl).data).toEqual(alone);
      expect(logMel(normalised, acl).data).toEqual(first);
    });
  });

  describe('periodicWindow', () => {
    it('equals scipy.signal.get_window', () => {
      expect(periodicWindow('hamming', 660).filter((_, i) => i % 33 === 0)).toBeAllClose(golden.hamming660, { atol: 1e-14 });
      expect(periodicWindow('hann', 2048).filter((_, i) => i % 128 === 0)).toBeAllClose(golden.hann2048, { atol: 1e-14 });
    });
  });
});
