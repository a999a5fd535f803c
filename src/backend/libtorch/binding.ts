import type { DataType } from '@tensorflow/tfjs-core';

/** A tensor in the addon's table of this thread. -1 = none, where a tensor may be left out. */
export type Handle = number;
export const none: Handle = -1;

/** The types both sides know, by their number there; strings live in JavaScript only. */
export const typeNames = ['float32', 'int32', 'bool', 'complex64'] as const satisfies DataType[];
export function typeCode(dtype: DataType): number {
  return (typeNames as readonly DataType[]).indexOf(dtype);
}

type Unary = (x: Handle) => Handle;
type Binary = (a: Handle, b: Handle) => Handle;
type Reduction = (x: Handle, axes: number[], keepDims: boolean) => Handle;
type Cumulative = (x: Handle, axis: number, exclusive: boolean, reverse: boolean) => Handle;
type TypedBytes = Float32Array | Int32Array | Uint8Array;
/** Before and after each spatial axis. */
type Pads = number[];

// biome-ignore format: one line a family reads better
export type UnaryName = 'abs' | 'acos' | 'acosh' | 'asin' | 'asinh' | 'atan' | 'atanh' | 'ceil' | 'cos' | 'cosh' | 'elu' | 'erf' | 'exp' | 'expm1' | 'floor'
  | 'isFinite' | 'isInf' | 'isNan' | 'log' | 'log1p' | 'logicalNot' | 'neg' | 'reciprocal' | 'relu' | 'relu6' | 'round' | 'rsqrt' | 'selu' | 'sigmoid'
  | 'sign' | 'sin' | 'sinh' | 'softplus' | 'sqrt' | 'square' | 'tan' | 'tanh' | 'real' | 'imaginary' | 'share' | 'diagonal';
// biome-ignore format: one line a family reads better
export type BinaryName = 'add' | 'sub' | 'mul' | 'div' | 'floorDiv' | 'mod' | 'pow' | 'maximum' | 'minimum' | 'squaredDifference' | 'atan2' | 'bitwiseAnd'
  | 'prelu' | 'eluGrad' | 'equal' | 'notEqual' | 'greater' | 'greaterEqual' | 'less' | 'lessEqual' | 'logicalAnd' | 'logicalOr' | 'complex';
export type ReductionName = 'sum' | 'prod' | 'mean' | 'max' | 'min' | 'all' | 'any';

/** The C++ side, `native/src`: flat functions on handles. Each throws an Error with libtorch's first line, its own name and the shapes. */
export interface Addon extends Record<UnaryName, Unary>, Record<BinaryName, Binary>, Record<ReductionName, Reduction> {
  torchVersion(): string;
  /** What computes: lines of name, tab, value (native/src/libraries.cpp). */
  libraries(): string;
  /** 0 = every core this process may use. Returns how many are in use. */
  setThreads(threads: number): number;
  /** Whether the processor computes in bfloat16. */
  hasBfloat16(): boolean;
  /** Whether convolutions and what follows them store bfloat16 (which tfjs sees as float32). */
  storeBfloat16(stores: boolean): void;
  hasCuda(): boolean;
  liveTensors(): number;
  /** Bytes of all tensors of 64 KiB and more, of every thread; 0 in a build with a sanitiser. */
  arenaBytes(): number;
  /** The most that they were since the last call. */
  mostArenaBytes(): number;
  /** After a call, for each tensor it returned: type, rank, dimensions. */
  readonly resultDescriptions: Int32Array;

  // storage
  create(values: TypedBytes, shape: number[], type: number): Handle;
  read(x: Handle, out: TypedBytes): void;
  release(x: Handle): void;
  cast(x: Handle, type: number): Handle;
  full(shape: number[], value: number, type: number): Handle;
  linspace(start: number, stop: number, count: number): Handle;

  // elementwise with numbers
  clip(x: Handle, low: number, high: number): Handle;
  leakyRelu(x: Handle, alpha: number): Handle;
  step(x: Handle, alpha: number): Handle;
  select(condition: Handle, t: Handle, e: Handle): Handle;
  addN(terms: Handle[]): Handle;
  batchNorm(x: Handle, mean: Handle, variance: Handle, offset: Handle, scale: Handle, epsilon: number): Handle;

  // reductions
  argMax(x: Handle, axis: number): Handle;
  argMin(x: Handle, axis: number): Handle;
  softmax(x: Handle, axis: number): Handle;
  logSoftmax(x: Handle, axis: number): Handle;
  cumsum: Cumulative;
  cumprod: Cumulative;
  topK(x: Handle, k: number): Handle[];

  // shaping
  reshape(x: Handle, shape: number[]): Handle;
  slice(x: Handle, begin: number[], size: number[]): Handle;
  stridedSlice(x: Handle, begin: number[], strides: number[], size: number[]): Handle;
  concat(parts: Handle[], axis: number): Handle;
  stack(parts: Handle[], axis: number): Handle;
  split(x: Handle, sizes: number[], axis: number): Handle[];
  unstack(x: Handle, axis: number): Handle[];
  /** Before and after each axis, first axis first. */
  pad(x: Handle, paddings: number[], value: number): Handle;
  mirrorPad(x: Handle, paddings: number[], offset: number): Handle;
  tile(x: Handle, reps: number[]): Handle;
  broadcastTo(x: Handle, shape: number[]): Handle;
  transpose(x: Handle, permutation: number[]): Handle;
  reverse(x: Handle, axes: number[]): Handle;

  // indexing
  /** x [batch, outer, axis, inner], indices [batch, n] -> [batch, outer, n, inner] */
  gather(x: Handle, indices: Handle): Handle;
  /** x [dimensions..., inner...], indices [n..., number of dimensions] -> [n, inner] */
  gatherNd(x: Handle, indices: Handle, dimensions: number[]): Handle;
  /** Sums updates [n, inner] into zeros [product of dimensions, inner]. */
  scatterNd(indices: Handle, updates: Handle, dimensions: number[]): Handle;
  scatterUpdate(x: Handle, indices: Handle, updates: Handle, dimensions: number[]): Handle;
  segmentSum(x: Handle, segments: Handle, count: number): Handle;
  oneHot(indices: Handle, depth: number, on: number, off: number, type: number): Handle;
  bincount(x: Handle, weights: Handle, size: number): Handle;

  // matrix products, Fourier
  matmul(a: Handle, b: Handle, transposeA: boolean, transposeB: boolean): Handle;
  einsum(equation: string, operands: Handle[]): Handle;
  symmetricEigen(matrix: Handle): Handle[];
  fft(x: Handle, inverse: boolean): Handle;

  // convolutions and pooling
  conv(x: Handle, filter: Handle, strides: number[], pads: Pads, dilations: number[], isChannelsFirst: boolean): Handle;
  /** In evaluation: convolution, batch norm by running statistics, residual, ReLU. */
  convBatchNorm(
    x: Handle,
    filter: Handle,
    gamma: Handle,
    beta: Handle,
    mean: Handle,
    variance: Handle,
    residual: Handle,
    strides: number[],
    pads: Pads,
    epsilon: number,
    relu: boolean,
  ): Handle;
  convInputGradient(dy: Handle, filter: Handle, inputShape: number[], strides: number[], pads: Pads, isChannelsFirst: boolean): Handle;
  convFilterGradient(x: Handle, dy: Handle, filterShape: number[], strides: number[], pads: Pads, isChannelsFirst: boolean): Handle;
  depthwiseConv(x: Handle, filter: Handle, strides: number[], pads: Pads, dilations: number[]): Handle;
  depthwiseInputGradient(dy: Handle, filter: Handle, inputShape: number[], strides: number[], pads: Pads, dilations: number[]): Handle;
  depthwiseFilterGradient(x: Handle, dy: Handle, filterShape: number[], strides: number[], pads: Pads, dilations: number[]): Handle;
  maxPool(x: Handle, size: number[], strides: number[], pads: Pads): Handle;
  maxPoolGradient(dy: Handle, x: Handle, y: Handle, size: number[], strides: number[], pads: Pads): Handle;
  avgPool(x: Handle, size: number[], strides: number[], pads: Pads): Handle;
  avgPoolGradient(dy: Handle, x: Handle, size: number[], strides: number[], pads: Pads): Handle;

  // training: see src/ops for what each computes
  batchNormTrain(
    x: Handle,
    gamma: Handle,
    beta: Handle,
    runningMean: Handle,
    runningVariance: Handle,
    residual: Handle,
    groups: number,
    epsilon: number,
    momentum: number,
    relu: boolean,
  ): Handle[];
  batchNormGradient(
    dy: Handle,
    x: Handle,
    gamma: Handle,
    mean: Handle,
    inverseDeviation: Handle,
    y: Handle,
    beta: Handle,
    groups: number,
    hasResidual: boolean,
  ): Handle[];
  /** What batchNormTrain without a residual gave, once more. */
  batchNormAgain(x: Handle, gamma: Handle, beta: Handle, mean: Handle, inverseDeviation: Handle, groups: number, relu: boolean): Handle;
  sgdStep(entries: Handle[], learningRate: number, momentum: number, weightDecay: number): void;
  movingAverage(entries: Handle[], momentum: number): void;
  adamStep(entries: Handle[], learningRate: number, beta1: number, beta2: number, epsilon: number, weightDecay: number, step: number): void;
  softmaxCrossEntropy(logits: Handle, labels: Handle): Handle[];
  softmaxRegressionStep(
    weights: Handle,
    velocity: Handle,
    h: Handle,
    labels: Handle,
    mean: Handle,
    inverseDeviation: Handle,
    learningRate: number,
    momentum: number,
    weightDecay: number,
  ): void;
  ntXent(x: Handle, temperature: number): Handle[];
  angularMargin(x: Handle, labels: Handle, margin: number, positiveWeight: number, negativeWeight: number, isMean: boolean): Handle[];
  gaussianNoise(keys: Handle, standardDeviations: Handle, shape: number[]): Handle;
  /** Instruction set in use: baseline, avx2, avx512 or avx512bf16. */
  simdLevel(): string;

  // ranks (native/src/ranks.cpp); all but the first are there where it says true
  hasRanks(): boolean;
  joinRanks(
    host: string,
    port: number,
    rank: number,
    size: number,
    isServer: boolean,
    prefix: string,
    networkInterface: string,
    address: string,
    timeoutMilliseconds: number,
  ): void;
  leaveRanks(): void;
  /**
   * Makes the handles views of one bucket and begins to add those of all ranks, in place; `isNarrow`: as bfloat16 between ranks. Gives the
   * number that `finishSum` waits for.
   */
  startSum(tensors: Handle[], isNarrow: boolean): number;
  finishSum(sum: number): void;
  /** Rank 0's values into everybody's, in place. */
  broadcastFirst(tensors: Handle[]): void;
  /** x [views rows, dim], counts: rows of a view on each rank -> [views all, dim] */
  gatherRows(x: Handle, views: number, counts: number[]): Handle;
  /** Whether batch norm's statistics in training are those of all ranks. */
  shareStatistics(shares: boolean): void;
  /** Seconds that this rank has waited for others since the last call: for statistics, for rows, for sums. */
  takeWaits(): { statistics: number; rows: number; sums: number };
  storeSet(key: string, value: Uint8Array): void;
  storeHas(key: string): boolean;
  storeGet(key: string): string;

  // images; low, high, fractions: for each output row (column) the two input rows and how far between them; no fractions = nearest
  resize(x: Handle, ...rowsThenColumns: AxisWeights): Handle;
  resizeGradient(dy: Handle, height: number, width: number, ...rowsThenColumns: AxisWeights): Handle;
  cropAndResize(
    image: Handle,
    boxes: Handle,
    boxIndices: Handle,
    height: number,
    width: number,
    bilinear: boolean,
    outside: number,
  ): Handle;
}

type AxisWeights = [
  rowLow: number[],
  rowHigh: number[],
  rowFractions: number[],
  columnLow: number[],
  columnHigh: number[],
  columnFractions: number[],
];
