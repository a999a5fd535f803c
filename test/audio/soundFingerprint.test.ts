import { describe, expect, it } from 'vitest';
import { resample } from '../../src/audio/resample.js';
import { SoundFingerprint, wordsPerSecond } from '../../src/audio/SoundFingerprint.js';
import { Rng } from '../../src/util/rng.js';

function noise(numSamples: number, seed = 1, peak = 0.1): Float32Array {
  const rng = new Rng({ seed, purpose: 'fingerprint' });
  return Float32Array.from({ length: numSamples }, () => peak * rng.normal());
}

function fingerprint(samples: Float32Array, { sampleRate = 8000, block = samples.length } = {}): Uint32Array {
  const print = new SoundFingerprint(sampleRate);
  for (let at = 0; at < samples.length; at += block) print.add(samples.subarray(at, at + block));
  return print.result();
}

/** Word n by the docstring's sentence: a plain sum for each bin. */
function wordByLoop(samples: Float32Array, n: number): number {
  const powers = (frame: number) =>
    Array.from({ length: 33 }, (_, band) => {
      const edge = (i: number) => Math.round((250 * 12 ** (i / 33) * 2048) / 8000);
      let sum = 0;
      for (let k = edge(band); k < edge(band + 1); k++) {
        let [re, im] = [0, 0];
        for (let i = 0; i < 2048; i++) {
          const x = samples[frame * 128 - 1024 + i] ?? 0;
          const w = x * Math.sin((Math.PI * i) / 2048) ** 2;
          re += w * Math.cos((2 * Math.PI * k * i) / 2048);
          im += w * Math.sin((2 * Math.PI * k * i) / 2048);
        }
        sum += re * re + im * im;
      }
      return Math.log(sum);
    });
  const [now, before] = [powers(n), powers(n - 4)];
  const bits = Array.from({ length: 32 }, (_, m) => (now[m] - now[m + 1] - (before[m] - before[m + 1]) > 0 ? '1' : '0'));
  return Number.parseInt(bits.join(''), 2);
}

/** Share of bits that differ, of words that both have. */
function bitErrors(a: Uint32Array, b: Uint32Array, shift = 0): number {
  let [errors, bits] = [0, 0];
  for (let n = 0; n < a.length; n++) {
    const other = b[n + shift] ?? 0;
    if (a[n] === 0 || other === 0) continue;
    errors += [...((a[n] ^ other) >>> 0).toString(2)].filter((bit) => bit === '1').length;
    bits += 32;
  }
  return errors / bits;
}

describe('SoundFingerprint', () => {
  const samples = noise(8000);

  it('writes the signs that its equation says', () => {
    const words = fingerprint(samples);
    // Frames 0 .. whose last sample is within the clip and half a frame of silence.
    expect(words.length).toBe(Math.floor(8000 / 128) + 1);
    expect([...words.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
    for (const n of [20, 41]) expect(words[n]).toBe(wordByLoop(samples, n));
  });

  it('does not depend on how the samples come', () => {
    expect(fingerprint(samples, { block: 37 })).toEqual(fingerprint(samples));
    expect(fingerprint(samples, { block: 5000 })).toEqual(fingerprint(samples));
  });

  it('says nothing of silence, nor of what is as quiet', () => {
    expect(fingerprint(new Float32Array(8000)).every((word) => word === 0)).toBe(true);
    expect(fingerprint(noise(8000, 1, 1e-5)).every((word) => word === 0)).toBe(true);
    expect(fingerprint(noise(8000, 1, 1e-3)).filter((word) => word === 0).length).toBeLessThan(10);
  });

  it('is the same of other levels and rates, and another one of other sounds', () => {
    const words = fingerprint(samples);
    expect(bitErrors(fingerprint(samples.map((x) => x / 4)), words)).toBe(0);
    const faster = resample(samples, { from: 8000, to: 44_100 });
    expect(bitErrors(fingerprint(faster, { sampleRate: 44_100 }), words)).toBeLessThan(0.02);
    // Half a hop beside the frames: the most that a shift can do.
    expect(bitErrors(fingerprint(samples.subarray(64)), words)).toBeLessThan(0.15);
    // Words overlap by 15 / 16, so that a second is some 250 bits by chance: 0.5 give or take 0.03.
    expect(Math.abs(bitErrors(fingerprint(noise(8000, 2)), words) - 0.5)).toBeLessThan(0.12);
    expect(wordsPerSecond).toBe(62.5);
  });
});
