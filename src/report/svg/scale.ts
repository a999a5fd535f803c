/** Maps data to coordinates: `scale(domain[0]) = range[0]`, straight in between. A domain of one value goes to the middle. */
export function linearScale(domain: readonly [number, number], range: readonly [number, number]): (value: number) => number {
  const width = domain[1] - domain[0];
  if (width === 0) return () => (range[0] + range[1]) / 2;
  return (value) => range[0] + ((value - domain[0]) / width) * (range[1] - range[0]);
}

/** Round numbers (1, 2 or 5 times a power of ten apart) that cover [low, high], about `count` of them, ends included. */
export function niceTicks(low: number, high: number, count = 5): number[] {
  const size = Math.max(Math.abs(low), Math.abs(high));
  // Equal, or equal as far as 12 digits and the smallest numbers can tell.
  if (high - low <= 1e-11 * size || high - low < 1e-280) {
    const half = size < 1e-270 ? 1 : size / 2;
    return niceTicks(low - half, high + half, count);
  }
  const rough = (high - low) / Math.max(1, count - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough * 0.999) ?? 10) * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  // Products of whole numbers and the step, cut to 12 digits: 0.30000000000000004 is no tick.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)) || 0);
}

/**
 * Ticks of a vertical axis that holds [low, high]. One value alone stands on an axis from 0, and a share on one from 0 to 1: an accuracy that
 * never moves from 0 % is drawn on 0 to 100 %, not between -100 and 100.
 */
export function axisTicks(
  low: number,
  high: number,
  { isPercent = false, count = 5 }: { isPercent?: boolean; count?: number } = {},
): number[] {
  const isOne = high - low <= 1e-11 * Math.max(Math.abs(low), Math.abs(high)) || high - low < 1e-280;
  if (!isOne) return niceTicks(low, high, count);
  if (isPercent && low >= 0 && high <= 1) return [0, 0.25, 0.5, 0.75, 1];
  if (Math.abs(low) < 1e-270) return [0, 0.5, 1];
  return low > 0 ? niceTicks(0, 1.2 * low, count) : niceTicks(1.2 * low, 0, count);
}

/** Texts of ticks with the same number of decimals, or powers of ten for very large and very small ones. */
export function tickTexts(ticks: readonly number[], { isPercent = false }: { isPercent?: boolean } = {}): string[] {
  const values = isPercent ? ticks.map((tick) => Number((100 * tick).toPrecision(12))) : ticks;
  const largest = Math.max(...values.map(Math.abs));
  const step = values.length > 1 ? Math.abs(values[1] - values[0]) : largest;
  const unit = isPercent ? ' %' : '';
  if (largest >= 1e6 || (largest > 0 && largest < 1e-3))
    return values.map((value) => (value === 0 ? '0' : minus(value.toExponential(short(value)).replace('e+', 'e'))) + unit);
  const decimals = step === 0 ? 0 : Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return values.map((value) => minus(largest >= 1e4 ? value.toLocaleString('en-US') : value.toFixed(decimals)) + unit);
}

/** Decimals of the mantissa: 2e-5 needs none, 2.5e-5 one. */
function short(value: number): number {
  const mantissa = Number(value.toExponential(3).split('e')[0]);
  return Number.isInteger(mantissa) ? 0 : 1;
}

function minus(text: string): string {
  return text.replace(/^-/, '−');
}
