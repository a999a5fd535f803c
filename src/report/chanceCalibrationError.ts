/**
 * The expected calibration error that n clips would show on average if every probability were right: in each bin the clips that are right are
 * then binomial with the bin's mean confidence p, and the bin's gap is their mean absolute deviation. Over all N clips:
 * sum over bins of E|X - n p| / N, with de Moivre's E|X - n p| = 2 v C(n, v) p^v (1 - p)^(n - v + 1), v = floor(n p) + 1.
 * 0 without clips.
 */
export function chanceCalibrationError(bins: readonly { numClips: number; meanConfidence: number | null }[]): number {
  let numClips = 0;
  let deviations = 0;
  for (const { numClips: n, meanConfidence } of bins) {
    numClips += n;
    deviations += n === 0 ? 0 : binomialDeviation(n, meanConfidence ?? 0);
  }
  return numClips === 0 ? 0 : deviations / numClips;
}

/** Mean absolute deviation of a binomial variable from its mean. */
function binomialDeviation(n: number, p: number): number {
  if (p <= 0 || p >= 1) return 0;
  const v = Math.min(n, Math.floor(n * p) + 1);
  let logChoose = 0;
  for (let i = 1; i <= v; i++) logChoose += Math.log((n - v + i) / i);
  return 2 * v * Math.exp(logChoose + v * Math.log(p) + (n - v + 1) * Math.log1p(-p));
}
