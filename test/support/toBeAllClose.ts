import { expect } from 'vitest';

type Numbers = ArrayLike<number>;
interface Tolerance {
  /** Relative to the expected value. */
  rtol?: number;
  /** Absolute. */
  atol?: number;
}

declare module 'vitest' {
  interface Matchers<T> {
    /** Same length, every value finite, and |received - expected| <= atol + rtol * |expected| for each. */
    toBeAllClose(expected: Numbers, tolerance: Tolerance): T;
  }
}

expect.extend({
  toBeAllClose(received: Numbers, expected: Numbers, { rtol = 0, atol = 0 }: Tolerance) {
    if (received.length !== expected.length) {
      return { pass: false, message: () => `expected ${expected.length} values, got ${received.length}` };
    }
    let worst = -1;
    let worstExcess = 0;
    for (let i = 0; i < expected.length; i++) {
      const excess = Math.abs(received[i] - expected[i]) - atol - rtol * Math.abs(expected[i]);
      if (!Number.isFinite(received[i]) || !Number.isFinite(expected[i]))
        return { pass: false, message: () => `value ${i}: got ${received[i]}, expected ${expected[i]}` };
      if (excess > worstExcess) {
        worstExcess = excess;
        worst = i;
      }
    }
    return {
      pass: worst < 0,
      message: () =>
        worst < 0
          ? 'all values are close'
          : `value ${worst}: got ${received[worst]}, expected ${expected[worst]} (rtol ${rtol}, atol ${atol})`,
    };
  },
});
