import { AudiosslError } from '../util/errors.js';

/** Rows of `[n, dim]` values divided by max(norm, 1e-12), in double precision. Throws when the values are not whole rows. */
export function unitRows(values: ArrayLike<number>, dim: number): Float64Array {
  if (!Number.isInteger(dim) || dim < 1 || values.length === 0 || values.length % dim !== 0) {
    throw new AudiosslError(`unitRows: needs at least 1 row of ${dim} values, got ${values.length} values`);
  }
  const rows = Float64Array.from(values);
  for (let start = 0; start < rows.length; start += dim) {
    const row = rows.subarray(start, start + dim);
    let squares = 0;
    for (let i = 0; i < dim; i++) squares += row[i] * row[i];
    const scale = 1 / Math.max(Math.sqrt(squares), 1e-12);
    for (let i = 0; i < dim; i++) row[i] *= scale;
  }
  return rows;
}

/** Inner product of row a of one and row b of another array. Four sums keep the processor from waiting for each addition. */
export function rowDot(x: Float64Array, a: number, y: Float64Array, b: number, dim: number): number {
  const [from, to] = [a * dim, b * dim];
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < dim; i += 4) {
    s0 += x[from + i] * y[to + i];
    s1 += x[from + i + 1] * y[to + i + 1];
    s2 += x[from + i + 2] * y[to + i + 2];
    s3 += x[from + i + 3] * y[to + i + 3];
  }
  for (; i < dim; i++) s0 += x[from + i] * y[to + i];
  return s0 + s1 + (s2 + s3);
}
