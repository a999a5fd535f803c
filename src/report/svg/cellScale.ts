import { svgNumber } from '../markup.js';
import { linearScale } from './scale.js';

/**
 * Positions inside a drawing that fills a table cell at any width: values to per cent of the width (`75%`), so that marks keep
 * their shape where a stretched viewBox would flatten them. Values outside of the domain stand at its ends.
 */
export function cellScale(domain: readonly [number, number]): (value: number) => string {
  // Half a mark's width stays free at both ends.
  const scale = linearScale(domain, [1.5, 98.5]);
  return (value) => `${svgNumber(Math.min(98.5, Math.max(1.5, scale(value))))}%`;
}

/** A domain around 0 that holds every value, equal on both sides: -0.2 .. 0.2. At least 0.05 wide on each. */
export function symmetricDomain(values: readonly number[], step = 0.05): [number, number] {
  const largest = Math.max(step, ...values.map(Math.abs));
  const end = Number((Math.ceil(largest / step - 1e-9) * step).toPrecision(12));
  return [-end, end];
}
