import { valueAt } from '../selection.js';

/** What a config says about the system, in the terms of the paper. */
export interface SystemTraits {
  /** randomWeights: trained for 0 epochs; logMelStatistics: no network at all. */
  kind: 'selfSupervised' | 'supervised' | 'randomWeights' | 'logMelStatistics';
  /** The paper's alpha, weight of NT-Xent or of cross-entropy; 1 where there is no margin term. Null for a system without training. */
  alpha: number | null;
  hasMargin: boolean;
  marginOn: string | null;
  /** Of NT-Xent; null for supervised systems. */
  temperature: number | null;
  encoder: string;
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
  const common = { encoder, protocol: text('data', 'protocol') };
  const untrained = { ...common, alpha: null, hasMargin: false, marginOn: null, temperature: null };
  if (encoder === 'logMelStatistics') return { ...untrained, kind: 'logMelStatistics' };
  if (number('train', 'epochs') === 0) return { ...untrained, kind: 'randomWeights' };
  const alpha = isSupervised
    ? (number('loss', 'crossEntropyWeight') ?? 1)
    : text('loss', 'name') === 'ntXent'
      ? 1
      : (number('loss', 'contrastiveWeight') ?? 1);
  return {
    ...common,
    kind: isSupervised ? 'supervised' : 'selfSupervised',
    alpha,
    hasMargin: alpha < 1,
    marginOn: alpha < 1 ? text('loss', 'marginOn') : null,
    temperature: isSupervised ? null : number('loss', 'temperature'),
  };
}

/** What a reader calls the system: `NT-Xent`, `ACL, alpha 0.3`, `supervised + margin, alpha 0.7`, `random weights`. */
export function systemWords({ kind, alpha, hasMargin }: SystemTraits): string {
  if (kind === 'logMelStatistics') return 'log-mel statistics';
  if (kind === 'randomWeights') return 'random weights';
  if (kind === 'supervised') return hasMargin ? `supervised + margin, alpha ${alpha}` : 'supervised';
  return hasMargin ? `ACL, alpha ${alpha}` : 'NT-Xent';
}
