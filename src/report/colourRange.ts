/** The 0.5 % and 99.5 % quantiles of a patch: the ends of the colour scale. One outlier does not turn the picture black. */
export function colourRange(data: Float32Array): [number, number] {
  const sorted = data.filter(Number.isFinite).sort();
  if (sorted.length === 0) return [0, 1];
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  const [low, high] = [at(0.005), at(0.995)];
  return high > low ? [low, high] : [low - 0.5, low + 0.5];
}
