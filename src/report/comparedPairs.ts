import { canonicalJson } from '../util/hash.js';
import type { System } from './comparison/system.js';
import { protocolRank } from './protocolOrder.js';

/** Up to this many systems, every pair of them is compared. */
const mostForAllPairs = 6;
const mostPairs = 40;

/** Pairs [a, b] to be tested, the one that a claim is about first: with the margin against without, then trained against untrained. */
export function comparedPairs(systems: readonly System[]): { pairs: [System, System][]; numLeftOut: number } {
  const order: [System, System, number][] = [];
  for (const [i, first] of systems.entries()) {
    for (const second of systems.slice(i + 1)) {
      if (!isComparable(first, second) || isBetterComparedElsewhere(systems, first, second)) continue;
      const [a, b] = rank(first) <= rank(second) ? [first, second] : [second, first];
      order.push([a, b, importance(a, b)]);
    }
  }
  order.sort((x, y) => x[2] - y[2] || protocolRank(x[0]) - protocolRank(y[0]));
  const all = order.map(([a, b]): [System, System] => [a, b]);
  const isFew = systems.length <= mostForAllPairs;
  const pairs = (isFew ? all : order.filter(([, , place]) => place < 3).map(([a, b]): [System, System] => [a, b])).slice(0, mostPairs);
  return { pairs, numLeftOut: all.length - pairs.length };
}

/** The same clips, protocol and front end, or a supervised system against a self-supervised one. */
function isComparable(a: System, b: System): boolean {
  if (a.dataset !== b.dataset || a.isKFold !== b.isKFold) return false;
  if ((a.traits.kind === 'supervised') !== (b.traits.kind === 'supervised')) {
    return a.labelFraction === null && b.labelFraction === null && a.shots === null && b.shots === null;
  }
  return a.protocolKey === b.protocolKey && a.frontEndHash === b.frontEndHash;
}

/** Of two systems under two protocols, one stands under the other's protocol as well: there the two differ in the system alone. */
function isBetterComparedElsewhere(systems: readonly System[], a: System, b: System): boolean {
  if (a.protocolKey === b.protocolKey) return false;
  const isThere = (one: System, { protocolKey }: System) =>
    systems.some((other) => other.protocolKey === protocolKey && canonicalJson(other.config) === canonicalJson(one.config));
  return isThere(a, b) || isThere(b, a);
}

/** a is the one that is meant to be better: margin, then plain, then baselines. */
function rank({ traits }: System): number {
  if (traits.kind === 'logMelStatistics') return 4;
  if (traits.kind === 'randomWeights') return 3;
  const isSelfSupervised = traits.kind === 'selfSupervised' ? 0 : 1;
  return (traits.hasMargin ? 0 : 0.5) + isSelfSupervised;
}

/** 0: they differ in the margin alone. 1: a trained system and a baseline. 2: supervised and self-supervised of one standing. 3: others. */
function importance(a: System, b: System): number {
  if (a.traits.kind === b.traits.kind && a.traits.hasMargin !== b.traits.hasMargin && withoutLossWeights(a) === withoutLossWeights(b))
    return 0;
  if (rank(b) >= 3 && rank(a) < 3) return 1;
  if (a.traits.kind !== b.traits.kind && a.traits.hasMargin === b.traits.hasMargin && rank(b) < 3) return 2;
  return 3;
}

const marginKeys = new Set([
  'angularMargin',
  'contrastiveWeight',
  'crossEntropyWeight',
  'marginOn',
  'marginRadians',
  'reduction',
  'positiveWeight',
  'negativeWeight',
  'divisor',
]);

/** The losses of the papers, which differ in the margin term alone. */
const paperLosses = new Set<unknown>(['ntXent', 'angularContrastive', 'crossEntropyMargin']);

/** A system's config without what makes the margin term. */
export function withoutLossWeights({ config, protocolKey }: Pick<System, 'config' | 'protocolKey'>): string {
  if (config === null || typeof config !== 'object') return canonicalJson([config, protocolKey]);
  const { loss, ...rest } = config as Record<string, unknown>;
  const kept = Object.entries(loss !== null && typeof loss === 'object' ? loss : {}).filter(
    ([key, value]) => !marginKeys.has(key) && !(key === 'name' && paperLosses.has(value)),
  );
  return canonicalJson([rest, Object.fromEntries(kept), protocolKey]);
}
