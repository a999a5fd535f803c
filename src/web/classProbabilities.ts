/** The mean over patches of the softmax of a linear classifier, as `audiossl classify` has it: h `[n, dim]`, weights `[dim + 1, classes]` -> `[classes]`. */
export function classProbabilities(h: Float32Array, dim: number, weights: Float32Array): Float32Array {
  const numClasses = weights.length / (dim + 1);
  const numPatches = h.length / dim;
  const mean = new Float64Array(numClasses);
  for (let patch = 0; patch < numPatches; patch++) {
    const scores = Float64Array.from(weights.subarray(dim * numClasses));
    for (let i = 0; i < dim; i++) {
      const value = h[patch * dim + i];
      for (let c = 0, at = i * numClasses; c < numClasses; c++, at++) scores[c] += value * weights[at];
    }
    const largest = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const powers = scores.map((score) => Math.exp(score - largest));
    const sum = powers.reduce((a, b) => a + b, 0);
    for (let c = 0; c < numClasses; c++) mean[c] += powers[c] / sum / numPatches;
  }
  return Float32Array.from(mean);
}
