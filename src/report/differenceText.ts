/** 0.0312 -> `+3.1`, -0.02 -> `−2.0`: percentage points with their sign. */
export function points(share: number): string {
  const text = (100 * Math.abs(share)).toFixed(1);
  return `${text === '0.0' ? '' : share < 0 ? '−' : '+'}${text}`;
}

/** `−1.2 to +4.0`. */
export function pointsInterval({ low, high }: { low: number; high: number }): string {
  return Number.isFinite(low) && Number.isFinite(high) ? `${points(low)} to ${points(high)}` : '–';
}

/** Two digits; below 0.001 only that. */
export function pValueText(p: number): string {
  if (!Number.isFinite(p)) return '–';
  if (p < 0.001) return '< 0.001';
  return p >= 0.995 ? '1' : p >= 0.1 ? p.toFixed(2) : p.toFixed(3);
}

/** `+9.3 (+6.1 to +12.6)`; in words where there is none. */
export function differenceText(difference: { estimate: number; low: number; high: number } | null | undefined): string {
  return difference == null ? 'too few recordings for an interval' : `${points(difference.estimate)} (${pointsInterval(difference)})`;
}
