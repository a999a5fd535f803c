import { points } from '../../differenceText.js';
import { h, type Markup } from '../../markup.js';

/** The axis over a column of differences: both ends and 0, in percentage points. */
export function differenceAxis([low, high]: readonly [number, number]): Markup {
  return h(
    'span',
    { class: 'bar-axis', 'aria-hidden': 'true' },
    h('span', {}, points(low)),
    h('span', {}, '0'),
    h('span', {}, points(high)),
  );
}
