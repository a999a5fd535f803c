/** Numbers as a reader meets them: a thin set of forms, all with their unit. `–` = there is none. */
export const none = '–';

/** 0.8333 -> `83.3 %`. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? none : `${(100 * share).toFixed(1)} %`;
}

/** [0.76, 0.889] -> `76.0–88.9`, to stand beside a percentage. */
export function percentInterval(interval: readonly [number, number] | null | undefined): string {
  return interval === null || interval === undefined ? none : `${(100 * interval[0]).toFixed(1)}–${(100 * interval[1]).toFixed(1)}`;
}

/** 17582 -> `17,582`. */
export function integer(count: number | null | undefined): string {
  return count === null || count === undefined ? none : Math.round(count).toLocaleString('en-US');
}

/** Four significant digits, no needless zeros: 0.30001 -> `0.3`, 1234.5 -> `1235`, 0.0000123 -> `1.23e-5`. */
export function number(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return none;
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6)
    return value
      .toExponential(digits - 1)
      .replace(/\.?0+e/, 'e')
      .replace('e+', 'e')
      .replace('-', '−');
  const text = size >= 10 ** digits ? value.toFixed(0) : Number(value.toPrecision(digits)).toString();
  return text.replace('-', '−');
}

/** `1 clip`, `2,000 clips`. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${integer(count)} ${count === 1 ? singular : plural}`;
}

/** `2026-11-22T03:35:19.123Z` -> `2026-11-22 03:35 UTC`. */
export function dateTime(iso: string | undefined): string {
  const match = iso === undefined ? null : /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)/.exec(iso);
  return match === null ? none : `${match[1]} ${match[2]} UTC`;
}

/** With a large first letter. */
export function capital(word: string): string {
  return word === '' ? '' : word[0].toUpperCase() + word.slice(1);
}
