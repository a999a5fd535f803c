import { AudiosslError } from '../util/errors.js';

/**
 * Eigenvalues, in no order, of a symmetric matrix `[size, size]` (row-major, overwritten): Householder reduction to tridiagonal form, then
 * the implicit QL method (EISPACK's tred1 and tql1; Golub & Van Loan, "Matrix Computations", 8.3). 512 x 512 takes a fraction of a second.
 */
export function symmetricEigenvalues(matrix: Float64Array, size: number): Float64Array {
  const { diagonal, off } = tridiagonalise(matrix, size);
  for (let l = 0; l < size; l++) {
    for (let round = 0; ; round++) {
      let m = l;
      while (m + 1 < size && Math.abs(off[m]) > Number.EPSILON * (Math.abs(diagonal[m]) + Math.abs(diagonal[m + 1]))) m++;
      if (m === l) break;
      if (round === 60)
        throw new AudiosslError('symmetricEigenvalues: no convergence after 60 rounds; the matrix must be finite and symmetric');
      rotate(diagonal, off, l, m);
    }
  }
  return diagonal;
}

/** One implicit QL sweep over l .. m with Wilkinson's shift. */
function rotate(d: Float64Array, e: Float64Array, l: number, m: number): void {
  const half = (d[l + 1] - d[l]) / (2 * e[l]);
  let g = d[m] - d[l] + e[l] / (half + (half < 0 ? -1 : 1) * Math.hypot(half, 1));
  let [s, c, p] = [1, 1, 0];
  for (let i = m - 1; i >= l; i--) {
    const f = s * e[i];
    const b = c * e[i];
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] -= p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1] - p;
    const q = (d[i] - g) * s + 2 * c * b;
    p = s * q;
    d[i + 1] = g + p;
    g = c * q - b;
  }
  d[l] -= p;
  e[l] = g;
  e[m] = 0;
}

/** Reflects from the last row up; `off[i]` couples i and i + 1. */
function tridiagonalise(a: Float64Array, n: number): { diagonal: Float64Array; off: Float64Array } {
  const off = new Float64Array(n);
  const p = new Float64Array(n);
  for (let i = n - 1; i >= 2; i--) {
    const u = a.subarray(i * n, i * n + i); // the row left of the diagonal
    let squares = 0;
    for (let k = 0; k < i; k++) squares += u[k] * u[k];
    const norm = u[i - 1] > 0 ? -Math.sqrt(squares) : Math.sqrt(squares);
    off[i - 1] = norm;
    // The matrix left over is replaced by H A H with H = I - u u^T / h, u = row - norm * e_last.
    const h = squares - u[i - 1] * norm;
    if (h === 0) continue;
    u[i - 1] -= norm;
    let k2 = 0;
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let k = 0; k < i; k++) sum += a[j * n + k] * u[k];
      p[j] = sum / h;
      k2 += p[j] * u[j];
    }
    k2 /= 2 * h;
    for (let j = 0; j < i; j++) p[j] -= k2 * u[j];
    for (let j = 0; j < i; j++) for (let k = 0; k < i; k++) a[j * n + k] -= u[j] * p[k] + p[j] * u[k];
  }
  if (n > 1) off[0] = a[n];
  return { diagonal: Float64Array.from({ length: n }, (_, i) => a[i * n + i]), off };
}
