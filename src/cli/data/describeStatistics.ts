import type { DataStatistics, Summary } from '../../data/dataStatistics.js';
import type { TellingTrait } from '../../data/tellingTraits.js';
import { percent } from '../percent.js';
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
    traits = [],
    tellingTraits = [],
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
  if (traits.length > 0) lines.push('', traitsTable(traits));
  for (const telling of tellingTraits) lines.push(describeTelling(telling));
  if (numUnreadable > 0) lines.push(`unreadable: ${numUnreadable}; audiossl data check says which and why`);
  return `${lines.join('\n')}\n`;
}

const traitWords: Record<string, string> = {
  sampleRate: 'the sample rate',
  bandwidth: 'the bandwidth',
  level: 'the level',
  digitalSilence: 'the share of digital silence',
  padding: 'the padding',
};

/** `the level alone tells dog from the others: ...`. */
function describeTelling({ trait, macroAccuracy, classes }: TellingTrait): string {
  const what = classes.length === 0 ? `the classes apart (${percent(macroAccuracy)} right by it)` : `${classes.join(', ')} from the others`;
  return `${traitWords[trait] ?? trait} alone tells ${what}: a model may learn the recorder in place of the sound; record or prepare all classes alike`;
}

/** Medians a class, as columns of text. */
function traitsTable(rows: NonNullable<DataStatistics['traits']>): string {
  const table = [
    ['median by class', 'rate', 'bandwidth', 'level', 'digital silence', 'padding'],
    ...rows.map(({ label, sampleRate, bandwidth, level, digitalSilence, padding }) => [
      label === '' ? '(no label)' : label,
      `${sampleRate} Hz`,
      `${Math.round(bandwidth)} Hz`,
      `${level.toFixed(1)} dB`,
      percent(digitalSilence),
      `${padding.toFixed(2)} s`,
    ]),
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  return table.map((line) => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')).join('\n');
}

function spread({ mean, median, min, max }: Summary, unit: string): string {
  const text = (value: number) => `${Number(value.toPrecision(4))}${unit}`;
  return `mean ${text(mean)}, median ${text(median)}, ${text(min)} to ${text(max)}`;
}
