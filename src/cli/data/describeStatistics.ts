import type { DataStatistics, Summary } from '../../data/dataStatistics.js';
import { countTable } from './countTable.js';

const units: Record<string, string> = { spectralCentroid: ' Hz', zeroCrossingRate: ' / s' };

/** The report of `data stats` for people. */
export function describeStatistics(statistics: DataStatistics): string {
  const {
    dir,
    notes,
    classes,
    subsets,
    totalSeconds,
    seconds,
    sampleRates = {},
    channels = {},
    formats = {},
    descriptors = {},
    numUnreadable = 0,
  } = statistics;
  const lines = [dir, ...notes.map((note) => `  ${note}`), '', countTable(classes)];
  const list = (table: Record<string, number>) =>
    Object.entries(table)
      .map(([key, count]) => `${key} ${count.toLocaleString('en-US')}`)
      .join(', ');
  if (Object.keys(subsets).length > 0) lines.push(`subsets: ${list(subsets)}`);
  if (totalSeconds !== undefined)
    lines.push(`duration: ${(totalSeconds / 3600).toFixed(2)} h${seconds === undefined ? '' : `; a clip: ${spread(seconds, ' s')}`}`);
  if (totalSeconds !== undefined)
    lines.push(`sample rates (Hz): ${list(sampleRates)}`, `channels: ${list(channels)}`, `formats: ${list(formats)}`);
  for (const [name, summary] of Object.entries(descriptors)) lines.push(`${name}: ${spread(summary, units[name] ?? '')}`);
  if (numUnreadable > 0) lines.push(`unreadable: ${numUnreadable}; audiossl data check says which and why`);
  return `${lines.join('\n')}\n`;
}

function spread({ mean, median, min, max }: Summary, unit: string): string {
  const text = (value: number) => `${Number(value.toPrecision(4))}${unit}`;
  return `mean ${text(mean)}, median ${text(median)}, ${text(min)} to ${text(max)}`;
}
