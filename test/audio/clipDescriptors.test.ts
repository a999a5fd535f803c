import Meyda from 'meyda';
import { describe, expect, it } from 'vitest';
import { clipDescriptors } from '../../src/audio/clipDescriptors.js';
import { referenceSignal, tone } from './signals.js';

/** Hann-windowed magnitude spectrum by a plain DFT, bins 0 .. 511: what meyda's descriptors are computed from. */
function magnitudes(frame: Float32Array): number[] {
  const n = frame.length;
  const windowed = [...frame].map((v, i) => v * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (n - 1))));
  return Array.from({ length: n / 2 }, (_, k) => {
    let re = 0;
    let im = 0;
    for (let i = 0; i < n; i++) {
      re += windowed[i] * Math.cos((2 * Math.PI * k * i) / n);
      im += windowed[i] * Math.sin((2 * Math.PI * k * i) / n);
    }
    return Math.hypot(re, im);
  });
}

describe('clipDescriptors', () => {
  it('are the textbook formulas, averaged over frames of 1024', () => {
    const samples = referenceSignal(2048);
    let centroid = 0;
    let flatness = 0;
    let crossings = 0;
    for (const start of [0, 1024]) {
      const frame = samples.subarray(start, start + 1024);
      const spectrum = magnitudes(frame);
      const total = spectrum.reduce((sum, m) => sum + m, 0);
      centroid += spectrum.reduce((sum, m, k) => sum + (m * k * 22_050) / 1024, 0) / total / 2;
      flatness += Math.exp(spectrum.reduce((sum, m) => sum + Math.log(m), 0) / 512) / (total / 512) / 2;
      for (let i = 1; i < 1024; i++) if (frame[i - 1] >= 0 !== frame[i] >= 0) crossings++;
    }
    const descriptors = clipDescriptors(samples, 22_050);
    // meyda's spectrum is float32.
    expect(descriptors.spectralCentroid / centroid).toBeCloseTo(1, 3);
    expect(descriptors.spectralFlatness / flatness).toBeCloseTo(1, 2);
    expect(descriptors.zeroCrossingRate).toBeCloseTo((crossings * 22_050) / 2048, 6);
  });

  it('tell a tone from noise and loud from quiet', () => {
    const a440 = clipDescriptors(tone(440, 22_050, 22_050), 22_050);
    // Crossings at the 20 borders of frames are not counted.
    expect(Math.abs(a440.zeroCrossingRate - 880)).toBeLessThan(10);
    expect(a440.spectralFlatness).toBeLessThan(0.05);
    const noise = referenceSignal().map((v, i) => v - 0.5 * Math.sin((2 * Math.PI * 440 * i) / 22_050));
    const hiss = clipDescriptors(noise, 22_050);
    expect(hiss.spectralFlatness).toBeGreaterThan(0.7);
    expect(hiss.spectralCentroid).toBeGreaterThan(5000);
    // Loudness is a sum of powers 0.23 of magnitudes.
    expect(
      clipDescriptors(
        noise.map((v) => 10 * v),
        22_050,
      ).loudness / hiss.loudness,
    ).toBeCloseTo(10 ** 0.23, 3);
  });

  it('are finite for silence, a single sample and a long clip, and leave meyda as it was', () => {
    const meyda = Meyda as unknown as { bufferSize: number; sampleRate: number };
    const settings = [meyda.bufferSize, meyda.sampleRate];
    for (const samples of [new Float32Array(5000), new Float32Array(1).fill(1), referenceSignal(1_000_000)]) {
      expect(Object.values(clipDescriptors(samples, 44_100)).every(Number.isFinite)).toBe(true);
    }
    expect([meyda.bufferSize, meyda.sampleRate]).toEqual(settings);
    expect(() => clipDescriptors(new Float32Array(0), 44_100)).toThrow('at least 1 sample');
  });
});
