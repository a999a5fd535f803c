import type { CalibrationRecord } from '../../run/evaluationRecord.js';
import { AudiosslError } from '../../util/errors.js';

/**
 * How far the probabilities of clips can be believed. Confidence = the highest probability of a clip, right = its class is the label.
 * Bins of equal width (low, high], the first one includes 0 (Guo et al. 2017). ECE = mean over clips of |accuracy - mean confidence| of
 * their bin, MCE = that of the worst bin; Brier score = mean over clips of sum over classes (p - onehot)^2, 0 .. 2 (Brier 1950);
 * negative log likelihood = mean of -ln p(label), null where a label has probability 0 (a vote can give that): it is infinite then.
 * `probabilities`: one row a clip, its classes summing to 1 within 1e-3. Ties of the highest go to the lowest class.
 *
 * @example
 * ```ts
 * import { calibration } from 'audiossl';
 * const { brierScore } = calibration({ probabilities: [[0.9, 0.1], [0.4, 0.6]], labels: [0, 1] });
 * brierScore; // => 0.17
 * ```
 */
export function calibration({
  probabilities,
  labels,
  bins = 15,
}: {
  probabilities: readonly ArrayLike<number>[];
  labels: ArrayLike<number>;
  bins?: number;
}): CalibrationRecord {
  const numClips = labels.length;
  if (numClips === 0 || probabilities.length !== numClips) {
    throw new AudiosslError(
      `calibration: needs the probabilities of each of at least 1 clips, got ${probabilities.length} rows for ${numClips}`,
    );
  }
  if (!Number.isInteger(bins) || bins < 1) throw new AudiosslError(`calibration: bins must be a whole number from 1, got ${bins}`);
  const count = new Int32Array(bins);
  const confidenceSum = new Float64Array(bins);
  const rightSum = new Int32Array(bins);
  let brier = 0;
  let logLikelihood = 0;
  for (let clip = 0; clip < numClips; clip++) {
    const row = probabilities[clip];
    const label = labels[clip];
    const best = checkRow(row, label, clip);
    const confidence = Math.min(1, row[best]);
    const bin = Math.max(0, Math.min(bins - 1, Math.ceil(confidence * bins) - 1));
    count[bin]++;
    confidenceSum[bin] += confidence;
    if (best === label) rightSum[bin]++;
    for (let k = 0; k < row.length; k++) brier += (row[k] - (k === label ? 1 : 0)) ** 2;
    logLikelihood += Math.log(row[label]);
  }
  const table = Array.from(count, (n, i) => ({
    low: i / bins,
    high: (i + 1) / bins,
    numClips: n,
    meanConfidence: n === 0 ? null : Math.min(1, confidenceSum[i] / n),
    accuracy: n === 0 ? null : rightSum[i] / n,
  }));
  let [expected, maximum] = [0, 0];
  for (const { numClips: n, meanConfidence, accuracy } of table) {
    if (meanConfidence === null || accuracy === null) continue;
    const gap = Math.abs(accuracy - meanConfidence);
    expected += (n / numClips) * gap;
    maximum = Math.max(maximum, gap);
  }
  return {
    expectedCalibrationError: Math.min(1, expected),
    maximumCalibrationError: maximum,
    brierScore: Math.min(2, brier / numClips),
    negativeLogLikelihood: Number.isFinite(logLikelihood) ? Math.max(0, -logLikelihood / numClips) : null,
    bins: table,
  };
}

/** The class of the highest probability. */
function checkRow(row: ArrayLike<number>, label: number, clip: number): number {
  let best = 0;
  let sum = 0;
  for (let k = 0; k < row.length; k++) {
    sum += row[k];
    if (row[k] > row[best]) best = k;
  }
  if (!(Math.abs(sum - 1) <= 1e-3)) {
    throw new AudiosslError(`calibration: the probabilities of a clip must sum to 1, those of clip ${clip} sum to ${sum}`);
  }
  if (!(label >= 0 && label < row.length)) {
    throw new AudiosslError(`calibration: labels must be 0 .. ${row.length - 1}, that of clip ${clip} is ${label}`);
  }
  return best;
}
