/** P(X > x) of the chi-square distribution with one degree of freedom: that of a squared standard normal. */
export function chiSquareTail(x: number): number {
  return erfc(Math.sqrt(Math.max(0, x) / 2));
}

/** 1 - erf(x) for x >= 0, relative error below 1e-13: Taylor series below 2, continued fraction (Lentz) above. */
function erfc(x: number): number {
  if (x < 2) {
    let term = x;
    let sum = x;
    for (let k = 1; Math.abs(term) > 1e-18 * sum; k++) {
      term *= (-x * x) / k;
      sum += term / (2 * k + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum;
  }
  // erfc(x) = exp(-x^2) / sqrt(pi) / (x + (1/2) / (x + (2/2) / (x + (3/2) / ...)))
  let fraction = x;
  for (let k = 120; k >= 1; k--) fraction = x + k / 2 / fraction;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
}
