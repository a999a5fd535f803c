import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { describeFrontEndDifference, frontEndHash, frontEndOptions, resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { frontEndPresets } from '../../src/audio/frontEndPresets.js';

describe('resolveFrontEnd', () => {
  it("is the authors' self-supervised front end by default (reference, section 2)", () => {
    expect(resolveFrontEnd()).toMatchObject({
      sampleRate: 22_050,
      nFft: 2048,
      winLength: 660,
      hopLength: 220,
      nMels: 96,
      fMin: 50,
      fMax: 10_500,
    });
    expect(resolveFrontEnd()).toMatchObject({
      window: 'hamming',
      padMode: 'reflect',
      melNorm: 'none',
      logOffset: 1.1e-8,
      waveformOffset: 1.1e-8,
    });
  });

  it('overrides a preset key by key, and resolves a resolved front end to itself', () => {
    const frontEnd = resolveFrontEnd({ preset: 'librosa', nMels: 64, topDecibels: null });
    expect(frontEnd).toEqual({ ...frontEndPresets.librosa, nMels: 64, topDecibels: null });
    expect(resolveFrontEnd(frontEnd)).toEqual(frontEnd);
    for (const preset of ['acl', 'aclSupervised', 'librosa', 'torchaudio'] as const)
      expect(resolveFrontEnd({ preset })).toEqual(frontEndPresets[preset]);
  });

  it.each([
    [{ winLength: 4096 }, 'winLength must be at most nFft (2048), got 4096'],
    [{ fMax: 12_000 }, 'fMax must be at most half the sample rate (11025 Hz), got 12000'],
    [{ nFft: 1000 }, 'nFft must be a power of two, got 1000; try 1024'],
    [{ fMin: 11_000 }, 'fMin must be below fMax'],
    [{ hopLength: 700 }, 'hopLength must be at most winLength (660), got 700'],
    [{ nMels: 1000 }, 'mel bands hold no frequency bin'],
    [{ logOffset: 0 }, 'logarithm of silence'],
    [{ topDecibels: 80 }, 'needs log: decibel'],
    [{ headRoom: 0 }, 'headRoom must be above 0'],
    [{ sampleRate: 0 }, 'sampleRate'],
    [{ nMel: 4 } as object, 'nMel'],
    // Told at once, not after a filter bank of a billion bands.
    [{ nMels: 1e9 }, 'nMels'],
  ])('refuses %j', (options, message) => {
    expect(() => resolveFrontEnd(options)).toThrow(message);
  });

  it('describes every key for the schema', () => {
    const schema = z.toJSONSchema(frontEndOptions, { io: 'input' });
    for (const [key, property] of Object.entries(schema.properties ?? {}))
      expect([key, (property as { description?: string }).description]).not.toContain(undefined);
    expect(Object.keys(schema.properties ?? {}).sort()).toEqual(['preset', ...Object.keys(frontEndPresets.acl)].sort());
  });
});

describe('frontEndHash and describeFrontEndDifference', () => {
  it('agree on what is equal, whatever the order of the keys', () => {
    const a = resolveFrontEnd();
    const reversed = Object.fromEntries(Object.entries(a).reverse()) as typeof a;
    expect(frontEndHash(reversed)).toBe(frontEndHash(a));
    expect(describeFrontEndDifference(a, reversed)).toBeUndefined();
    const b = resolveFrontEnd({ nMels: 64, winLength: 512 });
    expect(frontEndHash(b)).not.toBe(frontEndHash(a));
    expect(describeFrontEndDifference(a, b)).toBe('winLength 660 / 512, nMels 96 / 64');
  });
});
