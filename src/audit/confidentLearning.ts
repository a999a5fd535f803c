import { AudiosslError } from '../util/errors.js';

export interface ConfidentLearning {
  /** Mean self-confidence of the clips of each class: what a probability must reach to count as confident. */
  thresholds: number[];
  /** [given][likely true]: clips that are confidently of the class, before calibration. */
  confidentJoint: number[][];
  /** [given][true]: estimated joint distribution, sums to 1, its rows to the shares of the given labels. */
  joint: number[][];
  /** [given][true]: estimated P(given | true), columns sum to 1; a class that no clip is confidently of has the identity. */
  noiseMatrix: number[][];
  /** Estimated number of wrong labels. */
  numErrors: number;
}

/**
 * Confident learning (Northcutt, Jiang & Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70, section 3.1,
 * equations 1-3): a clip counts as class j when p_j reaches the class's threshold, as the likeliest of those that do.
 * @param probabilities `[n, numClasses]` row-major, out of fold
 * @param labels as given, each class at least once
 */
export function confidentLearning(probabilities: ArrayLike<number>, labels: ArrayLike<number>, numClasses: number): ConfidentLearning {
  const n = labels.length;
  if (probabilities.length !== n * numClasses || n === 0) {
    throw new AudiosslError(
      `confidentLearning: needs ${numClasses} probabilities for each of at least 1 clip, got ${probabilities.length} for ${n}`,
    );
  }
  const counts = new Array<number>(numClasses).fill(0);
  const thresholds = new Array<number>(numClasses).fill(0);
  for (let clip = 0; clip < n; clip++) {
    counts[labels[clip]]++;
    thresholds[labels[clip]] += probabilities[clip * numClasses + labels[clip]];
  }
  for (let label = 0; label < numClasses; label++) {
    // No clip is ever confidently of a class that nobody gave.
    thresholds[label] = counts[label] > 0 ? thresholds[label] / counts[label] : Number.POSITIVE_INFINITY;
  }
  const confidentJoint = square(numClasses);
  for (let clip = 0; clip < n; clip++) {
    const likely = confidentClass(probabilities, clip, thresholds);
    if (likely !== undefined) confidentJoint[labels[clip]][likely]++;
  }
  const joint = square(numClasses);
  for (let given = 0; given < numClasses; given++) {
    const total = confidentJoint[given].reduce((a, b) => a + b, 0);
    for (let label = 0; label < numClasses; label++) {
      const share = total > 0 ? confidentJoint[given][label] / total : Number(given === label);
      joint[given][label] = (share * counts[given]) / n;
    }
  }
  const noiseMatrix = square(numClasses);
  for (let label = 0; label < numClasses; label++) {
    const total = joint.reduce((sum, row) => sum + row[label], 0);
    for (let given = 0; given < numClasses; given++)
      noiseMatrix[given][label] = total > 0 ? joint[given][label] / total : Number(given === label);
  }
  const offDiagonal = joint.reduce(
    (sum, row, given) => sum + row.reduce((rest, share, label) => (label === given ? rest : rest + share), 0),
    0,
  );
  return { thresholds, confidentJoint, joint, noiseMatrix, numErrors: n * offDiagonal };
}

/** The likeliest class whose threshold is reached; undefined where none is. */
export function confidentClass(probabilities: ArrayLike<number>, clip: number, thresholds: readonly number[]): number | undefined {
  let best: number | undefined;
  const at = clip * thresholds.length;
  for (let label = 0; label < thresholds.length; label++) {
    // 1e-6: a probability equal to the mean must not fail by rounding.
    if (probabilities[at + label] < thresholds[label] - 1e-6) continue;
    if (best === undefined || probabilities[at + label] > probabilities[at + best]) best = label;
  }
  return best;
}

const square = (n: number): number[][] => Array.from({ length: n }, () => new Array<number>(n).fill(0));
