import { describe, expect, it } from 'vitest';
import { SoundCheck } from '../../src/audio/SoundCheck.js';
import { noisyTone } from '../support/oddRecordings.js';

const sampleRate = 384_000;
const bandEnd = 10_500;
const n = sampleRate / 4;

/** What is said of a mono clip at 384 kHz, which comes in blocks. */
function warnings(samples: Float32Array, end = bandEnd): string[] {
  const check = new SoundCheck({ sampleRate, numChannels: 1 }, end);
  for (let at = 0; at < samples.length; at += 40_000) {
    const block = samples.subarray(at, at + 40_000);
    check.add([block], block);
  }
  return check.warnings();
}

const sine = (hertz: number, peak: number) =>
  Float32Array.from({ length: n }, (_, i) => peak * Math.sin((2 * Math.PI * hertz * i) / sampleRate));
const sum = (a: Float32Array, b: Float32Array) => a.map((v, i) => v + b[i]);
const noise = noisyTone(0.25, { sampleRate, peak: 0 }).map((v) => v / 10);

describe('SoundCheck', () => {
  it('hears calls of 3 ms between its looks, whatever stands between them', () => {
    // Four looks are 43 ms apart.
    const calls = sine(45_000, 0.5).map((v, i) => (i % 24_000 > 20_000 && i % 24_000 < 21_200 ? v : 0));
    for (const clip of [calls, sum(calls, noise)])
      expect(warnings(clip)).toEqual([expect.stringMatching(/^\d+(\.\d+)? % .* above 10500 Hz/)]);
  });

  it('counts what lies below 1 kHz as heard, and a constant as nothing', () => {
    // Noise up to 192 kHz under it is 94 % out of the band.
    expect(warnings(sum(sine(440, 0.05), noise))).toEqual([]);
    expect(warnings(sine(45_000, 0.05).map((v) => v + 0.3))).toEqual([expect.stringMatching(/^100\.00 % .* above/)]);
  });

  it('names samples that leave the rest as silence, also where they are one in a hundred', () => {
    for (const every of [n, 100]) {
      const clip = sine(440, 0.4).map((v, i) => (i % every === 50 ? 1e20 : v)); // under the next power of two, 0.5
      expect(warnings(clip, sampleRate / 2)).toEqual([
        expect.stringMatching(/^sample 50 of channel 0 is .* 98 % of the samples stay under 0\.5:/),
      ]);
    }
    // What is loud in one sample of ten is sound.
    expect(
      warnings(
        sine(440, 0.5).map((v, i) => (i % 10 === 5 ? 1e20 : v)),
        sampleRate / 2,
      ),
    ).toEqual([]);
  });
});
