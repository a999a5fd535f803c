import { describe, expect, test } from 'vitest';
import { decodeFloat16, encodeFloat16 } from '../../src/util/float16.js';

const finite = Uint16Array.from({ length: 0x7c00 }, (_, half) => half);
const values = decodeFloat16(finite);

/** The next float32 above a positive one. */
function nextUp(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0]++;
  return new Float32Array(bits.buffer)[0];
}

describe('float16', () => {
  test('known values of the standard', () => {
    const halves = Uint16Array.of(0x0001, 0x03ff, 0x0400, 0x3555, 0x3c00, 0x7bff, 0xc000, 0x7c00, 0xfc00);
    const expected = [2 ** -24, 1023 * 2 ** -24, 2 ** -14, 1365 * 2 ** -12, 1, 65504, -2, Infinity, -Infinity];
    expect(Array.from(decodeFloat16(halves))).toEqual(expected);
    expect(Object.is(decodeFloat16(Uint16Array.of(0x8000))[0], -0)).toBe(true);
    expect(decodeFloat16(Uint16Array.of(0x7e01))[0]).toBeNaN();
  });

  test('every half comes back from its value, with either sign', () => {
    expect(encodeFloat16(values)).toEqual(finite);
    const negative = finite.map((half) => half | 0x8000);
    expect(encodeFloat16(decodeFloat16(negative))).toEqual(negative);
    expect(encodeFloat16([Number.NaN, Infinity, -Infinity])).toEqual(Uint16Array.of(0x7e00, 0x7c00, 0xfc00));
  });

  test('between two halves the nearer one is taken, at the middle the even one', () => {
    const wrong: number[] = [];
    for (let half = 0; half + 1 < finite.length; half++) {
      const middle = (values[half] + values[half + 1]) / 2;
      const even = half % 2 === 0 ? half : half + 1;
      const [atMiddle, above] = encodeFloat16([middle, nextUp(middle)]);
      const [below] = encodeFloat16([middle - (values[half + 1] - values[half]) / 1024]);
      if (atMiddle !== even || above !== half + 1 || below !== half) wrong.push(half);
    }
    expect(wrong).toEqual([]);
  });

  test('from 65520 up it overflows', () => {
    expect(encodeFloat16([65519.99, 65520, 1e30, -65520])).toEqual(Uint16Array.of(0x7bff, 0x7c00, 0x7c00, 0xfc00));
  });
});
