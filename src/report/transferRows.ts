import type { TransferComparison, TransferRecord, TransferResult } from '../run/transferRecord.js';
import { differenceText } from './differenceText.js';
import { counted, percent, percentInterval } from './format.js';
import { correlationText, scoreCorrelations } from './scoreCorrelations.js';

type Asked = Pick<TransferResult, 'protocol' | 'shots'>;

/** `linear`, `neighbours`, `5 clips a class`. */
export function protocolText({ protocol, shots }: Asked): string {
  return shots === null ? protocol : `${counted(shots, 'clip')} a class`;
}

export interface TransferCell {
  value: string;
  /** `76.0–88.9`. */
  interval: string;
}

/** A row a system, a column a protocol: the share of clips that are right. */
export function transferRows({ systems }: Pick<TransferRecord, 'systems'>): {
  head: string[];
  rows: { name: string; kind: TransferRecord['systems'][number]['kind']; cells: TransferCell[] }[];
} {
  return {
    head: systems[0].results.map(protocolText),
    rows: systems.map(({ name, kind, weightSeeds, results }) => ({
      name: weightSeeds.length > 1 ? `${name}, mean of ${weightSeeds.length} seeds` : name,
      kind,
      cells: results.map(({ micro }) => ({ value: percent(micro.estimate), interval: percentInterval([micro.low, micro.high]) })),
    })),
  };
}

/** `+9.3 (+6.1 to +12.6) against random weights; ...`. */
export function againstText({ against }: TransferComparison): string {
  return against.map(({ system, difference }) => `${differenceText(difference?.micro)} against ${system}`).join('; ');
}

/** How the clips were predicted, in a sentence. */
export function transferHow({ data, draws, systems }: TransferRecord): string {
  const few = systems[0].results.some(({ protocol }) => protocol === 'few') ? `; few labels: mean of ${counted(draws, 'draw')}` : '';
  return `${counted(data.numClips, 'clip')} of ${counted(data.numGroups, 'recording')} in ${counted(data.classNames.length, 'class', 'classes')}, ${data.how}${few}`;
}

/** How far label-free scores put the encoders in the order of their accuracy, a line a protocol; none for under three of them. */
export function correlationLines({ systems }: Pick<TransferRecord, 'systems'>): string[] {
  const encoders = systems.filter(({ kind }) => kind === 'encoder');
  return systems[0].results.flatMap((asked, i) => {
    const text = correlationText(
      scoreCorrelations(encoders.map(({ scores, results }) => ({ scores, accuracy: results[i].micro.estimate }))),
    );
    return text === '' ? [] : [`Spearman’s correlation of label-free scores with accuracy, ${protocolText(asked)}: ${text}.`];
  });
}

/** Of the interval, in a sentence. */
export const transferIntervals =
  'Share of clips that are right, 95 % intervals: bootstrap over whole recordings, class by class, and over seeds of random weights or draws of labels; differences are paired. They are about these very weights: how far another seed of the training would be off they do not say.';
