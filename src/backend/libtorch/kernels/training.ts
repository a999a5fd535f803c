import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { type Handle, none } from '../binding.js';
import type { LibtorchBackend } from '../LibtorchBackend.js';
import { kernel, type Tensors } from './kernel.js';

// The kernels of src/ops, where each is described: inputs, attributes, outputs.

interface AngularMarginAttrs {
  marginRadians: number;
  positiveWeight: number;
  negativeWeight: number;
  reduction: 'mean' | 'sum';
}
type BatchNormInputs = Tensors<'x' | 'gamma' | 'beta' | 'runningMean' | 'runningVariance'> & Partial<Tensors<'residual'>>;
type BatchNormGradInputs = Tensors<'dy' | 'x' | 'gamma' | 'mean' | 'inverseDeviation'> & Partial<Tensors<'y' | 'beta'>>;

function optional(backend: LibtorchBackend, info: TensorInfo | undefined): Handle {
  return info ? backend.handle(info) : none;
}

/** A loss and its gradient by the first input, which has that input's shape. */
function lossAndGradient(backend: LibtorchBackend, [loss, gradient]: Handle[], { shape }: TensorInfo): TensorInfo[] {
  return [backend.wrap(loss, [], 'float32'), backend.wrap(gradient, shape, 'float32')];
}

interface BatchNormAttrs {
  groups: number;
  epsilon: number;
  momentum: number;
  relu: boolean;
}

function batchNorm(backend: LibtorchBackend, inputs: BatchNormInputs, { groups, epsilon, momentum, relu }: BatchNormAttrs): TensorInfo[] {
  const { x, gamma, beta, runningMean, runningVariance, residual } = inputs;
  const handles = backend.handles([x, gamma, beta, runningMean, runningVariance]);
  const [xHandle, gammaHandle, betaHandle, meanHandle, varianceHandle] = handles;
  const [y, mean, inverseDeviation] = backend.addon.batchNormTrain(
    xHandle,
    gammaHandle,
    betaHandle,
    meanHandle,
    varianceHandle,
    optional(backend, residual),
    groups,
    epsilon,
    momentum,
    relu,
  );
  const statistics = [groups, gamma.shape[0]];
  return [
    backend.wrap(y, x.shape, 'float32'),
    backend.wrap(mean, statistics, 'float32'),
    backend.wrap(inverseDeviation, statistics, 'float32'),
  ];
}

function batchNormGrad(
  backend: LibtorchBackend,
  inputs: BatchNormGradInputs,
  { groups, hasResidual }: { groups: number; hasResidual: boolean },
): TensorInfo[] {
  const { dy, x, gamma, mean, inverseDeviation, y, beta } = inputs;
  const [dyHandle, xHandle, gammaHandle, meanHandle, deviationHandle] = backend.handles([dy, x, gamma, mean, inverseDeviation]);
  const [dx, dGamma, dBeta, dResidual] = backend.addon.batchNormGradient(
    dyHandle,
    xHandle,
    gammaHandle,
    meanHandle,
    deviationHandle,
    optional(backend, y),
    optional(backend, beta),
    groups,
    hasResidual,
  );
  return [
    backend.wrap(dx, x.shape, 'float32'),
    backend.wrap(dGamma, gamma.shape, 'float32'),
    backend.wrap(dBeta, gamma.shape, 'float32'),
    ...(hasResidual ? [backend.wrap(dResidual, x.shape, 'float32')] : []),
  ];
}

function batchNormAgain(
  backend: LibtorchBackend,
  { x, gamma, beta, mean, inverseDeviation }: Tensors<'x' | 'gamma' | 'beta' | 'mean' | 'inverseDeviation'>,
  { groups, relu }: { groups: number; relu: boolean },
): TensorInfo {
  const [xHandle, gammaHandle, betaHandle, meanHandle, deviationHandle] = backend.handles([x, gamma, beta, mean, inverseDeviation]);
  const y = backend.addon.batchNormAgain(xHandle, gammaHandle, betaHandle, meanHandle, deviationHandle, groups, relu);
  return backend.wrap(y, x.shape, 'float32');
}

type ConvBatchNormInputs = Tensors<'x' | 'filter' | 'gamma' | 'beta' | 'runningMean' | 'runningVariance'> & Partial<Tensors<'residual'>>;
interface ConvBatchNormAttrs {
  strides: number[];
  pad: number[][];
  epsilon: number;
  relu: boolean;
}

function convBatchNorm(
  backend: LibtorchBackend,
  inputs: ConvBatchNormInputs,
  { strides, pad, epsilon, relu }: ConvBatchNormAttrs,
): TensorInfo {
  const { x, filter, gamma, beta, runningMean, runningVariance, residual } = inputs;
  const [xHandle, filterHandle, gammaHandle, betaHandle, meanHandle, varianceHandle] = backend.handles([
    x,
    filter,
    gamma,
    beta,
    runningMean,
    runningVariance,
  ]);
  return backend.output(
    backend.addon.convBatchNorm(
      xHandle,
      filterHandle,
      gammaHandle,
      betaHandle,
      meanHandle,
      varianceHandle,
      optional(backend, residual),
      strides,
      pad.flat(),
      epsilon,
      relu,
    ),
  );
}

interface SgdAttrs {
  learningRate: number;
  momentum: number;
  weightDecay: number;
}
type SoftmaxRegressionInputs = Tensors<'weights' | 'velocity' | 'h' | 'labels' | 'mean' | 'inverseDeviation'>;
interface AdamAttrs {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
  step: number;
}

export const trainingKernels: KernelConfig[] = [
  kernel<BatchNormInputs, BatchNormAttrs>('AudiosslBatchNorm', batchNorm),
  kernel<BatchNormGradInputs, { groups: number; hasResidual: boolean }>('AudiosslBatchNormGrad', batchNormGrad),
  kernel<Tensors<'x' | 'gamma' | 'beta' | 'mean' | 'inverseDeviation'>, { groups: number; relu: boolean }>(
    'AudiosslBatchNormAgain',
    batchNormAgain,
  ),
  kernel<ConvBatchNormInputs, ConvBatchNormAttrs>('AudiosslConvBatchNorm', convBatchNorm),
  kernel<TensorInfo[], SgdAttrs>('AudiosslSgdStep', (backend, entries, { learningRate, momentum, weightDecay }) => {
    backend.addon.sgdStep(backend.handles(Object.values(entries)), learningRate, momentum, weightDecay);
    return [];
  }),
  kernel<TensorInfo[], AdamAttrs>('AudiosslAdamStep', (backend, entries, { learningRate, beta1, beta2, epsilon, weightDecay, step }) => {
    backend.addon.adamStep(backend.handles(Object.values(entries)), learningRate, beta1, beta2, epsilon, weightDecay, step);
    return [];
  }),
  kernel<TensorInfo[], { momentum: number }>('AudiosslMovingAverage', (backend, entries, { momentum }) => {
    backend.addon.movingAverage(backend.handles(Object.values(entries)), momentum);
    return [];
  }),
  kernel<Tensors<'logits' | 'labels'>>('AudiosslSoftmaxCrossEntropy', (backend, { logits, labels }) =>
    lossAndGradient(backend, backend.addon.softmaxCrossEntropy(backend.handle(logits), backend.handle(labels)), logits),
  ),
  kernel<SoftmaxRegressionInputs, SgdAttrs>('AudiosslSoftmaxRegressionStep', (backend, inputs, attrs) => {
    const { weights, velocity, h, labels, mean, inverseDeviation } = inputs;
    const { learningRate, momentum, weightDecay } = attrs;
    backend.addon.softmaxRegressionStep(
      backend.handle(weights),
      backend.handle(velocity),
      backend.handle(h),
      backend.handle(labels),
      backend.handle(mean),
      backend.handle(inverseDeviation),
      learningRate,
      momentum,
      weightDecay,
    );
    return [];
  }),
  kernel<Tensors<'x'>, { temperature: number }>('AudiosslNtXent', (backend, { x }, { temperature }) =>
    lossAndGradient(backend, backend.addon.ntXent(backend.handle(x), temperature), x),
  ),
  kernel<Tensors<'x' | 'labels'>, AngularMarginAttrs>('AudiosslAngularMargin', (backend, { x, labels }, attrs) => {
    const { marginRadians, positiveWeight, negativeWeight, reduction } = attrs;
    const [rows, kinds] = backend.handles([x, labels]);
    const results = backend.addon.angularMargin(rows, kinds, marginRadians, positiveWeight, negativeWeight, reduction === 'mean');
    return lossAndGradient(backend, results, x);
  }),
  kernel<Tensors<'keys' | 'standardDeviations'>, { shape: number[] }>('AudiosslGaussianNoise', (backend, inputs, { shape }) => {
    const [keys, standardDeviations] = backend.handles([inputs.keys, inputs.standardDeviations]);
    return backend.output(backend.addon.gaussianNoise(keys, standardDeviations, shape));
  }),
];
