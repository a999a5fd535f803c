/**
 * `length` values in [-amplitude, amplitude) that look random: the fractional part of a large sine. The golden recipes in Python use the
 * same formula, so that no weight has to be stored.
 */
export function scatter(length: number, key: number, amplitude: number): number[] {
  return Array.from({ length }, (_, i) => scatterValue(i, key, amplitude));
}

/** Value `i` of `scatter`. */
export function scatterValue(i: number, key: number, amplitude: number): number {
  const x = 43758.5453 * Math.sin(12.9898 * (i + 1) + 78.233 * key);
  return amplitude * (2 * (x - Math.floor(x)) - 1);
}

/** Central differences of a scalar function, in float64. */
export function numericGradient(f: (x: number[]) => number, x: readonly number[], step = 1e-5): number[] {
  return x.map((value, i) => {
    const moved = [...x];
    moved[i] = value + step;
    const above = f(moved);
    moved[i] = value - step;
    return (above - f(moved)) / (2 * step);
  });
}
