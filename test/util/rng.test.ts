import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { philox4x32, Rng } from '../../src/util/rng.js';

const hex = (words: Uint32Array) => [...words].map((word) => word.toString(16).padStart(8, '0')).join(' ');

describe('philox4x32', () => {
  // Known answers published with Random123 (kat_vectors, philox4x32 with 10 rounds).
  it.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ])('gives the published words for counter %j', (counter, key, words) => {
    expect(hex(philox4x32(counter, key, new Uint32Array(4)))).toBe(words);
  });
});

describe('Rng', () => {
  it('names a stream completely: the same name repeats it, any other name gives another', () => {
    const draw = (name: ConstructorParameters<typeof Rng>[0]) =>
      Array.from(
        { length: 8 },
        (
          (rng) => () =>
            rng.uint32()
        )(new Rng(name)),
      );
    const name = { seed: 1, epoch: 2, clip: 3, view: 1, purpose: 'patch' };
    expect(draw(name)).toEqual(draw({ ...name }));
    for (const other of [{ seed: 2 }, { epoch: 3 }, { clip: 4 }, { view: 0 }, { purpose: 'noise' }])
      expect(draw({ ...name, ...other })).not.toEqual(draw(name));
  });

  it('draws integers evenly, both ends as stated', () => {
    const rng = new Rng({ seed: 7, purpose: 'test' });
    const counts = new Array(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[rng.integer(3, 10) - 3]++;
    // Binomial standard deviation is 93; five of them.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(465);
  });

  it('draws normals with mean 0, variance 1 and kurtosis 3', () => {
    const rng = new Rng({ seed: 7, purpose: 'test' });
    const values = Array.from({ length: 100_000 }, () => rng.normal());
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / values.length;
    expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(1e5));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / 1e5));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / 1e5));
  });

  it('permutes without loss', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 0xffffffff }), (n, seed) => {
        const order = [...new Rng({ seed, purpose: 'order' }).permutation(n)].sort((a, b) => a - b);
        expect(order).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
  });
});
