// What is trained on several ranks and on one: every loss, every framework. `emulated`: one process does what so many ranks would.
// Learning rates are such that rounding does not grow: the margin term is steep.
const slow = { learningRate: 0.0003 };
const margin = { contrastiveWeight: 0.3 };
const simclrLosses = {
  ntXent: { name: 'ntXent', temperature: 0.3 },
  angularContrastive: { name: 'angularContrastive', temperature: 0.3 },
  infoNce: { name: 'infoNce', temperature: 0.3 },
  supCon: { name: 'supCon', temperature: 0.3 },
  tcl: { name: 'tcl', temperature: 0.3, k1: 20 },
  pairMargin: { name: 'pairMargin', angularMargin: margin },
  tripletMargin: { name: 'tripletMargin' },
  nPairs: { name: 'nPairs' },
  softmaxContrastive: { name: 'softmaxContrastive' },
  nce: { name: 'nce', temperature: 0.3 },
};

/** Of cross-entropy for labels that may be wrong; two of them go by the losses of the whole batch. */
const robust = {
  lq: { name: 'lq' },
  softBootstrap: { name: 'softBootstrap' },
  maxThreshold: { name: 'maxThreshold' },
  outlier: { name: 'outlier', deviations: 1 },
};

const STEEP = new Set(['angularContrastive', 'pairMargin']);

export const cases = {
  ...Object.fromEntries(Object.entries(simclrLosses).map(([name, loss]) => [name, { loss, ...(STEEP.has(name) && slow) }])),
  threeViews: { method: { name: 'simclr', numViews: 3 }, loss: { name: 'tcl', temperature: 0.5, k1: 20, k2: 2 } },
  supervisedContrastive: { method: { name: 'supervisedContrastive' }, loss: { name: 'supCon', temperature: 0.3 } },
  mocoV2: {
    method: { name: 'mocoV2', momentum: 0.9, queueSize: 33 },
    loss: { name: 'infoNce', temperature: 0.3, angularMargin: { ...margin, marginOn: 'projection' } },
    ...slow,
  },
  mocoV3: { method: { name: 'mocoV3', momentum: 0.9, predictorHiddenSize: 16 }, loss: { name: 'infoNce', temperature: 0.3 } },
  byol: { method: { name: 'byol', momentum: 0.9, predictorHiddenSize: 16 }, loss: { name: 'infoNce', beta: 0, temperature: 0.5 } },
  memoryBank: { method: { name: 'memoryBank', numNoise: 9 }, loss: { name: 'nce', temperature: 0.3 } },
  cmc: { method: { name: 'cmc' }, loss: { name: 'infoNce', temperature: 0.3 } },
  supervised: { method: { name: 'supervised' }, loss: { name: 'crossEntropyMargin', crossEntropyWeight: 0.7 } },
  supervisedDropout: {
    method: { name: 'supervised' },
    loss: { name: 'crossEntropyMargin', crossEntropyWeight: 0.7 },
    encoder: { name: 'supCnn' },
    size: [16, 24],
    steps: 3,
  },
  ...Object.fromEntries(
    Object.entries(robust).map(([name, robust]) => [
      name,
      { method: { name: 'supervised' }, loss: { name: 'crossEntropyMargin', crossEntropyWeight: 0.7, robust }, steps: 5 },
    ]),
  ),
  onlineProbe: { loss: simclrLosses.ntXent, onlineProbe: {}, steps: 5 },
  bfloat16: { loss: simclrLosses.angularContrastive, ...slow, ranks: { gradientPrecision: 'bfloat16' } },
  local: { loss: simclrLosses.angularContrastive, ...slow, ranks: { negatives: 'local', batchNorm: 'local' }, emulated: 2 },
};

/** Of tensors that are added: no number of ranks divides the values of all, and one is a filter, whose values lie in another order. */
export const SUM_SHAPES = [[11], [3, 3, 5, 7], [13, 17]];

/** What a rank adds: values of many sizes and both signs, different on every rank. */
export function summands(rank, shapes) {
  let at = 0;
  const value = () => Math.fround(Math.sin(12.9898 * ++at + 78.233 * (rank + 1)) * 2 ** ((at % 9) - 4));
  return shapes.map((shape) => Float32Array.from({ length: shape.reduce((a, b) => a * b) }, value));
}
