/** `length` deterministic values in [-amplitude, amplitude] without visible structure; the golden recipes in Python use the same formula. */
export function waves(length: number, key: number, amplitude: number): number[] {
  return Array.from({ length }, (_, i) => amplitude * Math.sin(12.9898 * (i + 1) + 78.233 * key + 0.5 * Math.sin(1.7 * i + key)));
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
