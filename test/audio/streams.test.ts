import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClipLevel, normaliseTo } from '../../src/audio/ClipLevel.js';
import { clipLogMel } from '../../src/audio/clipLogMel.js';
import { type FrontEnd, resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { chooseFrontEndEngine } from '../../src/audio/frontEndAddon.js';
import { LogMelStream } from '../../src/audio/LogMelStream.js';
import { liftToTop, logMel } from '../../src/audio/logMel.js';
import { normaliseClip } from '../../src/audio/normaliseClip.js';
import { ResampleStream, resample } from '../../src/audio/resample.js';
import { streamClipLogMel } from '../../src/audio/streamClipLogMel.js';
import { frontEndEngines, hasNativeFrontEnd, useFrontEndEngine } from './engines.js';
import { referenceSignal } from './signals.js';

/** The blocks between sorted cuts. */
function cutAt(samples: Float32Array, cuts: readonly number[]): Float32Array[] {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * samples.length)).sort((a, b) => a - b), samples.length];
  return places.slice(1).map((end, i) => samples.subarray(places[i], end));
}

function joined(blocks: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(blocks.reduce((length, block) => length + block.length, 0));
  let at = 0;
  for (const block of blocks) {
    out.set(block, at);
    at += block.length;
  }
  return out;
}

/** Equal bit for bit; toEqual takes seconds for long arrays. */
function expectSameBits(actual: Float32Array, expected: Float32Array): void {
  expect(actual.length).toBe(expected.length);
  expect(actual.findIndex((value, i) => !Object.is(value, expected[i]))).toBe(-1);
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });
const knobs = fc.record({
  winLength: fc.integer({ min: 2, max: 64 }),
  hopLength: fc.integer({ min: 1, max: 70 }),
  nMels: fc.integer({ min: 1, max: 5 }),
  center: fc.boolean(),
  padMode: fc.constantFrom('reflect' as const, 'constant' as const),
  power: fc.constantFrom(1 as const, 2 as const),
  log: fc.constantFrom('log10' as const, 'ln' as const),
});
const small = ({ hopLength, winLength, ...rest }: { hopLength: number; winLength: number } & Partial<FrontEnd>): FrontEnd =>
  resolveFrontEnd({
    ...rest,
    winLength,
    hopLength: Math.min(hopLength, winLength),
    sampleRate: 8000,
    nFft: 64,
    fMin: 100,
    fMax: 4000,
    logOffset: 1e-30,
    waveformOffset: 0,
  });

/** Loud and quiet by turns: float64 rounds away what comes in another order, or beside another frame. */
const uneven = (length: number) => referenceSignal(length).map((value, i) => value * (i % 90 < 45 ? 1 : 1e-12));

describe.each(frontEndEngines)('%s, block by block', (engine) => {
  useFrontEndEngine(engine);

  it('LogMelStream gives the bits of logMel for any cuts', () => {
    fc.assert(
      fc.property(knobs, fc.integer({ min: 1, max: 700 }), cuts, (options, length, places) => {
        const frontEnd = small(options);
        const samples = uneven(length);
        const stream = new LogMelStream(frontEnd);
        const pieces = cutAt(samples, places).map((block) => stream.push(block));
        expectSameBits(joined([...pieces, stream.end()]), logMel(samples, frontEnd).data);
      }),
      { numRuns: 100 },
    );
    expect(() => new LogMelStream(resolveFrontEnd()).end()).toThrow('at least 1 sample');
  });

  it('LogMelStream hands frames over as they come, and keeps no more of a long clip than its windows need', () => {
    const stream = new LogMelStream(resolveFrontEnd());
    const block = referenceSignal(22_050);
    let frames = 0;
    for (let second = 1; second <= 20; second++) {
      frames += stream.push(block).length / 96;
      // Half a window and a pair of frames late.
      expect(frames).toBeGreaterThan(100 * second - 6);
    }
    const kept = (stream as unknown as { tail: { samples: Float32Array } }).tail.samples;
    expect(kept.length).toBeLessThan(22_050 + 3 * 2048);
  });

  it.each([
    [44_100, 22_050],
    [48_000, 22_050],
    [16_000, 22_050],
    [44_101, 22_050],
    [22_050, 22_050],
  ])('ResampleStream gives the bits of resample for any cuts, %i -> %i', (from, to) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9000 }), cuts, (length, places) => {
        const samples = referenceSignal(length);
        const stream = new ResampleStream({ from, to });
        const pieces = cutAt(samples, places).map((block) => stream.push(block));
        expectSameBits(joined([...pieces, stream.end()]), resample(samples, { from, to }));
      }),
      { numRuns: 12 },
    );
  });

  it('ClipLevel gives the bits of normaliseClip for any cuts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), cuts, (length, places) => {
        const samples = uneven(length);
        const blocks = cutAt(samples, places);
        const level = new ClipLevel();
        for (const block of blocks) level.add(block);
        const whole = new ClipLevel();
        whole.add(samples);
        expect([level.mean, level.peak, level.numSamples]).toEqual([whole.mean, whole.peak, length]);
        expectSameBits(joined(blocks.map((block) => normaliseTo(level, block))), normaliseClip(samples));
      }),
    );
    expect(() => normaliseTo(new ClipLevel(), new Float32Array(1))).toThrow('at least 1 sample');
  });

  it.each([
    ['acl', {}],
    ['acl', { normalise: false, minSeconds: 0 }],
    ['aclSupervised', {}],
    ['librosa', {}],
    ['torchaudio', { center: false }],
  ] as const)('streamClipLogMel gives the bits of clipLogMel: %s %o', async (preset, options) => {
    const frontEnd = resolveFrontEnd({ preset, ...options });
    for (const length of [1, 20_000, 150_001]) {
      const channels = [referenceSignal(length), referenceSignal(length).reverse()];
      const clip = {
        sampleRate: 44_100,
        async *blocks() {
          for (let at = 0; at < length; at += 7001) yield channels.map((channel) => channel.subarray(at, at + 7001));
        },
      };
      const pieces: Float32Array[] = [];
      for await (const piece of streamClipLogMel(clip, frontEnd, { keptSamples: 0 })) pieces.push(piece);
      expectSameBits(joined(pieces), clipLogMel({ channels, sampleRate: 44_100 }, frontEnd).data);
      // Beyond minSeconds it comes in pieces.
      if (length > 100_000) expect(pieces.length).toBeGreaterThan(3);
      // A short clip is decoded once and comes whole.
      const whole: Float32Array[] = [];
      for await (const piece of streamClipLogMel(clip, frontEnd)) whole.push(piece);
      expect(whole).toHaveLength(1);
      expectSameBits(whole[0], joined(pieces));
    }
  });

  it.each(['acl', 'librosa'] as const)('a recording of a minute or more is decoded once and goes through in pieces: %s', async (preset) => {
    const frontEnd = resolveFrontEnd({ preset, nMels: 4, hopLength: 600 });
    const length = 1_010_000;
    const samples = Float32Array.from({ length }, (_, i) => Math.sin(i * i * 1e-7) * (i % 50_000 < 20_000 ? 1 : 0.001));
    let numDecoded = 0;
    const clip = {
      sampleRate: frontEnd.sampleRate,
      async *blocks() {
        numDecoded++;
        for (let at = 0; at < length; at += 90_001) yield [samples.subarray(at, at + 90_001)];
      },
    };
    const pieces: Float32Array[] = [];
    for await (const piece of streamClipLogMel(clip, frontEnd)) pieces.push(piece);
    expect(numDecoded).toBe(1);
    expect(pieces.length).toBeGreaterThan(10);
    expectSameBits(joined(pieces), clipLogMel({ channels: [samples], sampleRate: frontEnd.sampleRate }, frontEnd).data);
  });

  it('liftToTop with the maximum of a stream is what topDecibels does', () => {
    const frontEnd = resolveFrontEnd({ preset: 'librosa', topDecibels: 30 });
    const samples = referenceSignal();
    samples.fill(0, 10_000);
    const stream = new LogMelStream(frontEnd);
    const data = joined([stream.push(samples), stream.end()]);
    expect(data).not.toEqual(logMel(samples, frontEnd).data);
    liftToTop(data, stream.maximum, 30);
    expect(data).toEqual(logMel(samples, frontEnd).data);
  });
});

describe.skipIf(!hasNativeFrontEnd)('native beside TypeScript', () => {
  const both = <Result>(work: () => Result): [Result, Result] => {
    chooseFrontEndEngine('typescript');
    const expected = work();
    chooseFrontEndEngine('auto');
    return [expected, work()];
  };

  it('has the same frames within float32 rounding, whatever the transform, its window and the number of frames', () => {
    for (const nFft of [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192]) {
      for (const winLength of [nFft, (nFft * 3) / 4 + 1, (nFft * 5) / 8, nFft / 2, nFft / 3, nFft / 5].map(Math.floor)) {
        const frontEnd = resolveFrontEnd({
          nFft,
          winLength,
          hopLength: Math.ceil(winLength / 3),
          nMels: nFft > 256 ? 20 : 2,
          logOffset: 1e-6,
        });
        const [expected, data] = both(() => logMel(referenceSignal(Math.min(3 * nFft + 5, 9000)), frontEnd).data);
        // Values up to 8: one step of float32 is 5e-7. Full scale is the 12 from silence to the loudest value.
        expect(data).toBeAllClose(expected, { atol: 1e-6 });
      }
    }
  });

  it('resamples and normalises alike, and resamples a wide filter alike', () => {
    const samples = referenceSignal(30_000);
    for (const [from, to] of [
      [44_100, 22_050],
      [48_000, 22_050],
      [8000, 22_050],
      [22_050, 48_000],
      [96_000, 32_000],
      [44_101, 22_050],
      [22_050, 44_101],
      [768_000, 1000],
    ]) {
      const [expected, out] = both(() => resample(samples, { from, to }));
      expect(out, `${from} -> ${to}`).toBeAllClose(expected, { atol: 6e-8 });
    }
    const [expected, out] = both(() => normaliseClip(samples));
    expect(out).toBeAllClose(expected, { atol: 6e-8 });
  });

  it('leaves logarithms of numbers below the normal ones to TypeScript', () => {
    const frontEnd = resolveFrontEnd({ logOffset: 1e-310, waveformOffset: 0 });
    const [expected, data] = both(() => logMel(new Float32Array(3000), frontEnd).data);
    expect(data).toEqual(expected);
    expect(data[0]).toBeCloseTo(-310, 3);
  });
});
