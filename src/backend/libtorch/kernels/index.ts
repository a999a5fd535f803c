import type { KernelConfig } from '@tensorflow/tfjs-core';
import { convolutionKernels } from './convolution.js';
import { elementwiseKernels } from './elementwise.js';
import { imageKernels } from './image.js';
import { indexingKernels } from './indexing.js';
import { matmulKernels } from './matmul.js';
import { poolingKernels } from './pooling.js';
import { reductionKernels } from './reductions.js';
import { shapingKernels } from './shaping.js';
import { trainingKernels } from './training.js';

/** Every kernel of tfjs that libtorch runs itself. */
export const nativeKernels: KernelConfig[] = [
  ...elementwiseKernels,
  ...reductionKernels,
  ...shapingKernels,
  ...indexingKernels,
  ...matmulKernels,
  ...convolutionKernels,
  ...poolingKernels,
  ...imageKernels,
  ...trainingKernels,
];
