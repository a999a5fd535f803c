import { number } from './format.js';

/** A curve of measured systems over one key, or of published numbers. */
export interface SystemSeries {
  name: string;
  isPublished: boolean;
  points: { x: number; y: number; interval: [number, number] | null; system: string | null }[];
}

/** One chart: a quantity against a key in which the systems differ. */
export interface SystemCurve {
  title: string;
  xLabel: string;
  yLabel: string;
  isPercent: boolean;
  series: SystemSeries[];
  /** Where the published numbers come from, and what weakens them. */
  publishedNote: string;
  /** The paper's data and these runs' data are not the same: the shape may be compared, not the height. */
  isOtherData: boolean;
  notes: string[];
  /** Ticks of the horizontal axis where it is not the key itself but its logarithm. */
  xTicks?: { at: number; text: string }[];
}

/** What stands at `x` of a curve's axis. */
export function xText({ xTicks }: Pick<SystemCurve, 'xTicks'>, x: number): string {
  return xTicks?.find(({ at }) => at === x)?.text ?? number(x);
}

/** Points from left to right. */
export function sorted<T extends { x: number }>(points: T[]): T[] {
  return [...points].sort((a, b) => a.x - b.x);
}

/** The measured part of a curve alone. */
export function withoutPublished(curve: SystemCurve): SystemCurve {
  return { ...curve, series: curve.series.filter(({ isPublished }) => !isPublished), publishedNote: '', isOtherData: false };
}
