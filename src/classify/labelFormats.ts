import { csvLine } from '../util/csv.js';
import type { ClassifiedRecording } from './classifyRecordings.js';

export const csvHeader = 'id,beginSeconds,endSeconds,class,probability';

export function csvLines({ id, sounds }: ClassifiedRecording): string {
  return sounds
    .map(({ begin, end, label, probability }) => `${csvLine([id, seconds(begin), seconds(end), label, share(probability)])}\n`)
    .join('');
}

const ravenColumns = [
  ...['Selection', 'View', 'Channel', 'Begin Time (s)', 'End Time (s)', 'Low Freq (Hz)', 'High Freq (Hz)', 'Class', 'Probability'],
];

/**
 * A selection table of Raven Pro or Lite: tab-separated, a header, rows numbered from 1.
 * @param band Hz, lower and upper edge of each selection: what the model hears
 */
export function ravenTable({ sounds }: ClassifiedRecording, { low, high }: { low: number; high: number }): string {
  const rows = sounds.map(({ begin, end, label, probability }, i) =>
    [i + 1, 'Spectrogram 1', 1, seconds(begin), seconds(end), low, high, plain(label), share(probability)].join('\t'),
  );
  return `${[ravenColumns.join('\t'), ...rows].join('\n')}\n`;
}

/** A label file of Audacity (File > Import > Labels): begin, end and text, tab-separated, no header. */
export function audacityLabels({ sounds }: ClassifiedRecording): string {
  return sounds
    .map(({ begin, end, label, probability }) => `${seconds(begin)}\t${seconds(end)}\t${plain(label)} ${probability.toFixed(2)}\n`)
    .join('');
}

const seconds = (value: number): string => value.toFixed(3);
const share = (value: number): string => value.toFixed(4);
/** Both formats know no quotes: what would end a column or line becomes a space. */
const plain = (label: string): string => label.replace(/[\t\r\n]+/g, ' ');
