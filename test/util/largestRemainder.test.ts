import fc from 'fast-check';
import { expect, it } from 'vitest';
import { largestRemainder } from '../../src/util/largestRemainder.js';

it('largestRemainder: worked examples; equal remainders go to the first', () => {
  // Hamilton's apportionment as Wikipedia's "Quota method" works it: 47,000 ... 3,100 votes of 100,000 and 10 seats.
  expect(largestRemainder([47000, 16000, 15800, 12000, 6100, 3100], 10)).toEqual([5, 2, 1, 1, 1, 0]);
  expect(largestRemainder([1, 1, 1], 100)).toEqual([34, 33, 33]);
  expect(largestRemainder([0.1 + 0.2, 0.7], 10)).toEqual([3, 7]);
  expect(largestRemainder([0, 0], 100)).toEqual([0, 0]);
});

it('largestRemainder: adds up, and no number is one or more away from its share', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 9 }), (shares) => {
      const sum = shares.reduce((a, b) => a + b, 0);
      fc.pre(sum > 1e-6);
      const numbers = largestRemainder(shares, 100);
      expect(numbers.reduce((a, b) => a + b, 0)).toBe(100);
      numbers.forEach((n, i) => {
        expect(Math.abs(n - (100 * shares[i]) / sum)).toBeLessThan(1 + 1e-9);
      });
    }),
  );
});
