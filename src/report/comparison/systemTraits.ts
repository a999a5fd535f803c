import { basename } from 'node:path';
import { valueAt } from '../selection.js';

/** What a config says about the system, in the terms of the paper. */
export interface SystemTraits {
  /**
   * selfSupervised: SimCLR by NT-Xent, with or without the margin, as in the papers; otherContrastive: by another loss of pairs or another
   * method; randomWeights: trained for 0 epochs, also where it began with given ones; logMelStatistics: no network at all.
   */
  kind: 'selfSupervised' | 'otherContrastive' | 'supervised' | 'randomWeights' | 'logMelStatistics';
  /**
   * The paper's alpha, weight of NT-Xent or of cross-entropy; 1 where there is no margin term. Null where there is neither NT-Xent nor
   * cross-entropy to weigh.
   */
  alpha: number | null;
  hasMargin: boolean;
  marginOn: string | null;
  /** Of the contrastive loss; null for supervised systems. */
  temperature: number | null;
  /** `loss.name`, of a module its file; empty for a system without training. */
  loss: string;
  /** `method.name`; empty for SimCLR of two views, for supervised training and without training. */
  method: string;
  encoder: string;
  /** The weights that it began with (`train.initialise`): the name of their run or file; empty for random ones. */
  from: string;
  /** all, clean, noisy, noisySmall, ssl ...: who trains on what. */
  protocol: string;
}

export function systemTraits(config: unknown): SystemTraits {
  const number = (...path: string[]): number | null => {
    const value = valueAt(config, path);
    return typeof value === 'number' ? value : null;
  };
  const text = (...path: string[]): string => String(valueAt(config, path) ?? '');
  const isSupervised = text('loss', 'name') === 'crossEntropyMargin';
  const encoder = text('encoder', 'name');
  const from = basename(text('train', 'initialise')).replace(/\.safetensors$/, '');
  const common = { encoder, from, protocol: text('data', 'protocol') };
  const untrained = { ...common, alpha: null, hasMargin: false, marginOn: null, temperature: null, loss: '', method: '' };
  if (encoder === 'logMelStatistics') return { ...untrained, kind: 'logMelStatistics' };
  if (number('train', 'epochs') === 0) return { ...untrained, kind: 'randomWeights' };
  const loss = text('loss', 'name') === 'module' ? basename(text('loss', 'path')) : text('loss', 'name');
  const named = text('method', 'name');
  const isPlain = ['', 'simclr', 'supervised'].includes(named) && (number('method', 'numViews') ?? 2) === 2;
  const method = isPlain ? '' : named;
  if (!isSupervised && (!isPlain || !['', 'ntXent', 'angularContrastive'].includes(loss))) {
    const marginOn = loss === 'angularContrastive' ? text('loss', 'marginOn') : text('loss', 'angularMargin', 'marginOn');
    const hasMargin = marginOn !== '';
    return {
      ...untrained,
      kind: 'otherContrastive',
      hasMargin,
      marginOn: marginOn || null,
      temperature: number('loss', 'temperature'),
      loss,
      method,
    };
  }
  const alpha = isSupervised
    ? (number('loss', 'crossEntropyWeight') ?? 1)
    : loss === 'ntXent'
      ? 1
      : (number('loss', 'contrastiveWeight') ?? 1);
  return {
    ...common,
    kind: isSupervised ? 'supervised' : 'selfSupervised',
    alpha,
    hasMargin: alpha < 1,
    marginOn: alpha < 1 ? text('loss', 'marginOn') : null,
    temperature: isSupervised ? null : number('loss', 'temperature'),
    loss,
    method: '',
  };
}

const methodWords: Record<string, string> = {
  simclr: 'SimCLR of several views',
  supervisedContrastive: 'on labels',
  mocoV2: 'MoCo v2',
  mocoV3: 'MoCo v3',
  byol: 'BYOL',
  memoryBank: 'memory bank',
  cmc: 'two-view coding',
};

/** Whether nothing was trained: log-mel statistics, and weights as a run began with them. */
export function isUntrained({ kind }: SystemTraits): boolean {
  return kind === 'randomWeights' || kind === 'logMelStatistics';
}

/** What a reader calls the system: `NT-Xent`, `ACL, alpha 0.3`, `supervised + margin, alpha 0.7, from acl`, `random weights`, `MoCo v2, infoNce`. */
export function systemWords(traits: SystemTraits): string {
  if (traits.kind === 'logMelStatistics') return 'log-mel statistics';
  if (traits.kind === 'randomWeights') return traits.from === '' ? 'random weights' : `${traits.from}, trained no further`;
  return `${trainingWords(traits)}${traits.from === '' ? '' : `, from ${traits.from}`}`;
}

function trainingWords({ kind, alpha, hasMargin, loss, method }: SystemTraits): string {
  if (kind === 'supervised') return hasMargin ? `supervised + margin, alpha ${alpha}` : 'supervised';
  if (kind === 'otherContrastive')
    return [...(method === '' ? [] : [`${methodWords[method] ?? method},`]), loss, ...(hasMargin ? ['+ margin'] : [])].join(' ');
  return hasMargin ? `ACL, alpha ${alpha}` : 'NT-Xent';
}
