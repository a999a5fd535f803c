import { type PublishedAccuracy, selectedOnTest, singleSeed, sources } from './publishedAccuracy.js';

export type PublishedSubset = 'all' | 'noisy' | 'noisySmall' | 'clean';

/** Table 1: supervised training on four subsets without and with the margin term. Clip micro accuracy on 947 clips. */
export const publishedTable1: Record<PublishedSubset, { base: PublishedAccuracy; margin: PublishedAccuracy }> = {
  all: row('all', 70.1, 73.6, 0.7),
  noisy: row('noisy', 66.4, 68.3, 0.4),
  noisySmall: row('noisySmall', 33.7, 39.9, 0.2),
  clean: row('clean', 60.2, 64.5, 0.5),
};

function row(subset: PublishedSubset, base: number, margin: number, alpha: number) {
  const source = `${sources.paper}, Table 1`;
  return {
    base: { system: `supervised, ${subset}`, percent: base, alpha: 1, source, note: singleSeed },
    margin: {
      system: `supervised + margin, ${subset}`,
      percent: margin,
      alpha,
      source,
      note: `${singleSeed}; ${selectedOnTest}${subset === 'noisy' ? '; 0.3 is as good' : ''}`,
    },
  };
}

const alphas = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
const fractions: Record<PublishedSubset, readonly number[]> = {
  clean: [0.56, 0.614, 0.61, 0.621, 0.645, 0.63, 0.579, 0.581, 0.586, 0.602],
  all: [0.674, 0.698, 0.719, 0.727, 0.712, 0.713, 0.736, 0.727, 0.716, 0.701],
  noisy: [0.649, 0.654, 0.683, 0.683, 0.677, 0.669, 0.675, 0.671, 0.661, 0.664],
  noisySmall: [0.345, 0.399, 0.393, 0.335, 0.39, 0.333, 0.35, 0.316, 0.331, 0.337],
};

/** The sweep over alpha behind Table 1. Clip micro accuracy on 947 clips. */
export const publishedSupervisedSweep: Record<PublishedSubset, readonly PublishedAccuracy[]> = {
  all: sweep('all'),
  noisy: sweep('noisy'),
  noisySmall: sweep('noisySmall'),
  clean: sweep('clean'),
};

function sweep(subset: PublishedSubset): PublishedAccuracy[] {
  return fractions[subset].map((fraction, i) => ({
    system: alphas[i] === 1 ? `supervised, ${subset}` : `supervised + margin, ${subset}`,
    percent: Math.round(1000 * fraction) / 10,
    alpha: alphas[i],
    source: sources.supervised,
    note: `${singleSeed}; all of them measured on the test set`,
  }));
}
