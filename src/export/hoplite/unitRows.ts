import { AudiosslError } from '../../util/errors.js';

/**
 * Rows `[count, dim]` of length 1, in place. Throws AudiosslError for a row that is not finite or all 0, which has no direction: `nameOf`
 * says whose it is.
 */
export function toUnitRows(rows: Float32Array, dim: number, nameOf: (row: number) => string): Float32Array {
  for (let first = 0; first < rows.length; first += dim) {
    let sum = 0;
    for (let i = first; i < first + dim; i++) sum += rows[i] * rows[i];
    const length = Math.sqrt(sum);
    if (!(length > 0 && Number.isFinite(length))) {
      throw new AudiosslError(
        `export: ${nameOf(first / dim)}: an embedding must be finite and not all 0, its length is ${length}; leave the recording out`,
      );
    }
    for (let i = first; i < first + dim; i++) rows[i] /= length;
  }
  return rows;
}
