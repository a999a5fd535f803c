/**
 * The low-pass prototype of the resampler, the closed formula of resampy's `kaiser_best`: rolloff * sinc(rolloff t) *
 * Kaiser(t / 64), |t| < 64, t in periods of the lower of the two rates. Its stop band (below -140 dB) starts at 1.021 of
 * the lower Nyquist frequency, its pass band (above -0.1 dB) reaches 0.9 of it.
 */
export const numZeroCrossings = 64;
const rolloff = 0.9475937167399596;
const beta = 14.769656459379492;

/** Modified Bessel function of the first kind, order 0, by its power series. */
function besselI0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

const besselOfBeta = besselI0(beta);

/** The prototype at t; 0 from |t| = 64 on. */
export function kaiserSinc(t: number): number {
  const u = t / numZeroCrossings;
  if (Math.abs(u) >= 1) return 0;
  const x = Math.PI * rolloff * t;
  const sinc = x === 0 ? 1 : Math.sin(x) / x;
  return (rolloff * sinc * besselI0(beta * Math.sqrt(1 - u * u))) / besselOfBeta;
}
