import type { Rng } from '../util/rng.js';

/** Rows of length 1 in directions drawn evenly, `[rows x dim]` row-major. */
export function randomDirections(rows: number, dim: number, rng: Rng): Float32Array {
  const values = new Float32Array(rows * dim);
  for (let row = 0; row < rows; row++) {
    const at = values.subarray(row * dim, (row + 1) * dim);
    for (let i = 0; i < dim; i++) at[i] = rng.normal();
    const norm = Math.sqrt(at.reduce((sum, value) => sum + value * value, 0));
    for (let i = 0; i < dim; i++) at[i] /= norm;
  }
  return values;
}
