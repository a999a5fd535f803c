import * as tf from '@tensorflow/tfjs-core';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { AudiosslError } from '../util/errors.js';
import { hasNativeKernel, runKernels } from './nativeKernel.js';
import { valuesOf } from './valuesOf.js';

/** `matrix = vectors diag(values) vectors^T`. */
export interface SymmetricEigen {
  /** `[size]`, rising. */
  values: Float32Array;
  /** `[size, size]` row-major; column i belongs to value i and is of unit length. Its sign means nothing. */
  vectors: Float32Array;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix, computed in float64 whatever the backend.
 *
 * Native kernel `AudiosslSymmetricEigen` (LAPACK's divide and conquer): input matrix `[size, size]`, of which the lower triangle is read;
 * outputs values and vectors. A matrix of 768 takes it a fifth of a second, and ml-matrix, which stands in for it elsewhere, ten.
 *
 * @param matrix `[size, size]` row-major
 * Throws AudiosslError where a value is not finite.
 */
export function symmetricEigen(matrix: Float32Array, size: number): SymmetricEigen {
  if (!matrix.every(Number.isFinite)) throw new AudiosslError('symmetricEigen: the values of the matrix must be finite');
  if (hasNativeKernel('AudiosslSymmetricEigen')) {
    const [values, vectors] = tf.tidy(() => runKernels('AudiosslSymmetricEigen', { matrix: tf.tensor2d(matrix, [size, size]) }, {}));
    return { values: valuesOf(() => values), vectors: valuesOf(() => vectors) };
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(Matrix.from1DArray(size, size, matrix), {
    assumeSymmetric: true,
  });
  return { values: Float32Array.from(realEigenvalues), vectors: Float32Array.from(eigenvectorMatrix.to1DArray()) };
}
