import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { loadAddon } from '../../src/backend/libtorch/loadAddon.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { convBatchNorm } from '../../src/ops/convBatchNorm.js';

interface Shape {
  batch: number;
  height: number;
  width: number;
  channels: number;
  /** Of the result; default `channels`. */
  outputs?: number;
}

/** Every 3 x 3 convolution of stride 1 in ResNet-18 at 101 x 96, and what leaves a rest of tiles, of channels and of panels. */
const shapes: Shape[] = [
  { batch: 128, height: 26, width: 24, channels: 64 },
  { batch: 128, height: 13, width: 12, channels: 128 },
  { batch: 128, height: 7, width: 6, channels: 256 },
  { batch: 128, height: 4, width: 3, channels: 512 },
  { batch: 5, height: 26, width: 24, channels: 64 },
  { batch: 5, height: 13, width: 12, channels: 128 },
  { batch: 9, height: 7, width: 6, channels: 256 },
  { batch: 33, height: 4, width: 3, channels: 512 },
  { batch: 11, height: 9, width: 11, channels: 32, outputs: 96 },
  { batch: 11, height: 5, width: 8, channels: 224, outputs: 32 },
  { batch: 11, height: 5, width: 8, channels: 320, outputs: 96 },
];

/** Values in [-1, 1) by Marsaglia's xorshift: millions in no time. */
function uniform(length: number, key: number): Float32Array {
  let state = (2654435769 * key) | 1;
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    values[i] = state / 2 ** 31;
  }
  return values;
}

/** `count` numbers below `end`, from everywhere. */
const sample = (count: number, end: number): number[] => Array.from({ length: count }, (_, i) => Math.floor(((i * 0.618034) % 1) * end));

/** Root mean square of the difference, relative to that of `exact`. */
function relativeError(values: number[], exact: number[]): number {
  const size = (numbers: number[]) => Math.sqrt(numbers.reduce((sum, v) => sum + v * v, 0));
  return size(values.map((v, i) => v - exact[i])) / size(exact);
}

/** A convolution of padding 1 whose single values and gradients can be asked for in float64. */
class Convolution {
  readonly x: Float32Array;
  readonly filter: Float32Array;
  readonly dy: Float32Array;
  readonly outputs: number;

  constructor(readonly shape: Shape) {
    const { batch, height, width, channels, outputs = channels } = shape;
    this.outputs = outputs;
    this.x = uniform(batch * height * width * channels, 1);
    this.filter = uniform(9 * channels * outputs, 2);
    this.dy = uniform(batch * height * width * outputs, 3);
  }

  compute(): { y: Float32Array; dx: Float32Array; dFilter: Float32Array } {
    const { batch, height, width, channels } = this.shape;
    // Read outside of tidy, which would visit every number of an array that it returns.
    const { y, dx, dFilter } = tf.tidy(() => {
      const x = tf.tensor4d(this.x, [batch, height, width, channels]);
      const filter = tf.tensor4d(this.filter, [3, 3, channels, this.outputs]);
      const f = (a: tf.Tensor, b: tf.Tensor) => conv2d(a as tf.Tensor4D, b as tf.Tensor4D, { padding: 1 });
      const [dx, dFilter] = tf.grads(f)([x, filter], tf.tensor4d(this.dy, [batch, height, width, this.outputs]));
      return { y: f(x, filter), dx, dFilter };
    });
    const values = {
      y: y.dataSync<'float32'>(),
      dx: dx.dataSync<'float32'>(),
      dFilter: dFilter.dataSync<'float32'>(),
    };
    tf.dispose([y, dx, dFilter]);
    return values;
  }

  /** Sum over the 9 taps around a pixel, given where its neighbour is in the image. */
  private aroundPixel(pixel: number, term: (tap: number, neighbour: number) => number, sign: 1 | -1): number {
    const { height, width } = this.shape;
    const [row, column, image] = [Math.floor(pixel / width) % height, pixel % width, Math.floor(pixel / (width * height))];
    let sum = 0;
    for (let tap = 0; tap < 9; tap++) {
      const [i, j] = [row + sign * (Math.floor(tap / 3) - 1), column + sign * ((tap % 3) - 1)];
      if (i >= 0 && i < height && j >= 0 && j < width) sum += term(tap, (image * height + i) * width + j);
    }
    return sum;
  }

  exactY(index: number): number {
    const { outputs, filter, x } = this;
    const { channels } = this.shape;
    const o = index % outputs;
    const term = (tap: number, from: number) => {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += x[from * channels + c] * filter[(tap * channels + c) * outputs + o];
      return sum;
    };
    return this.aroundPixel(Math.floor(index / outputs), term, 1);
  }

  exactDx(index: number): number {
    const { outputs, filter, dy } = this;
    const { channels } = this.shape;
    const c = index % channels;
    const term = (tap: number, to: number) => {
      let sum = 0;
      for (let o = 0; o < outputs; o++) sum += dy[to * outputs + o] * filter[(tap * channels + c) * outputs + o];
      return sum;
    };
    return this.aroundPixel(Math.floor(index / channels), term, -1);
  }

  exactDFilter(index: number): number {
    const { outputs, x, dy } = this;
    const { batch, height, width, channels } = this.shape;
    const [o, c, tap] = [index % outputs, Math.floor(index / outputs) % channels, Math.floor(index / (outputs * channels))];
    const [down, right] = [Math.floor(tap / 3) - 1, (tap % 3) - 1];
    let sum = 0;
    for (let n = 0; n < batch; n++) {
      for (let i = Math.max(0, -down); i < Math.min(height, height - down); i++) {
        for (let j = Math.max(0, -right); j < Math.min(width, width - right); j++) {
          sum += x[((n * height + i + down) * width + j + right) * channels + c] * dy[((n * height + i) * width + j) * outputs + o];
        }
      }
    }
    return sum;
  }
}

/** The float32 convolutions of our own loops against float64, and against themselves on several threads, as one instruction set computes them. `largest`: also whole batches of 128. */
export function testWinograd({ largest = true, threads = [] }: { largest?: boolean; threads?: number[] } = {}): void {
  // Root mean square of the result: what single sums of so many products err by themselves is 3e-7 to 1e-6.
  const bound = 2e-6;

  it.each(shapes.filter(({ batch }) => largest || batch < 128))(
    'errs by less than 2e-6 on $batch x $height x $width x $channels, forward and both gradients',
    async (shape) => {
      await setBackend({
        backend: 'libtorch',
        precision: 'float32',
        threads: 1,
      });
      const one = new Convolution(shape);
      const { y, dx, dFilter } = one.compute();
      const compare = (values: Float32Array, exact: (index: number) => number, count: number) => {
        const indices = sample(count, values.length);
        return relativeError(
          indices.map((i) => values[i]),
          indices.map(exact),
        );
      };
      expect(compare(y, (i) => one.exactY(i), 1500)).toBeLessThan(bound);
      expect(compare(dx, (i) => one.exactDx(i), 1500)).toBeLessThan(bound);
      // A sum over all pixels of the batch waits for memory with each of them: fewer of those where there are most pixels.
      expect(compare(dFilter, (i) => one.exactDFilter(i), shape.batch < 128 ? 300 : 40)).toBeLessThan(bound);
    },
  );

  it.each(shapes.filter(({ batch }) => threads.length > 0 && batch < 128))(
    `gives the same bits with 1, ${threads.join(', ')} threads on $batch x $height x $width x $channels`,
    async (shape) => {
      const one = new Convolution(shape);
      const computed = async (count: number) => {
        await setBackend({
          backend: 'libtorch',
          precision: 'float32',
          threads: count,
        });
        return Buffer.concat(Object.values(one.compute()).map(({ buffer }) => new Uint8Array(buffer)));
      };
      const alone = await computed(1);
      for (const count of threads) expect((await computed(count)).equals(alone)).toBe(true);
    },
  );

  it('adds bias and residual and cuts at zero in evaluation as the plain layers do', async () => {
    await setBackend({ backend: 'libtorch', precision: 'float32' });
    for (const channels of [64, 256, 288]) {
      const [height, width, batch] = [7, 6, 16];
      const norm = Object.fromEntries(
        ['gamma', 'beta', 'runningMean', 'runningVariance'].map((name, key) => [
          name,
          tf.variable(tf.add(tf.tensor1d(uniform(channels, key + 1)), name === 'runningVariance' ? 2 : 0)),
        ]),
      ) as Record<'gamma' | 'beta' | 'runningMean' | 'runningVariance', tf.Variable>;
      const one = new Convolution({ batch, height, width, channels });
      const inputs = [one.x, one.dy].map((values) => tf.tensor4d(values, [batch, height, width, channels]));
      const filter = tf.tensor4d(one.filter, [3, 3, channels, channels]);
      const options = {
        isTraining: false,
        padding: 1,
        relu: true,
        residual: inputs[1],
      };
      const values = convBatchNorm(inputs[0], filter, norm, options).dataSync<'float32'>();
      const [gamma, beta, mean, variance] = Object.values(norm).map((variable) => variable.dataSync());
      const indices = sample(2000, values.length);
      const exact = indices.map((index) => {
        const c = index % channels;
        return Math.max(0, ((one.exactY(index) - mean[c]) / Math.sqrt(variance[c] + 1e-5)) * gamma[c] + beta[c] + one.dy[index]);
      });
      const computed = indices.map((i) => values[i]);
      expect(relativeError(computed, exact)).toBeLessThan(bound);
      expect(computed.filter((v) => v === 0).length).toBeGreaterThan(500);
    }
  });
}

/** Which loops are in use; the choice is made once a process. */
export const simdInUse = (): string | undefined => /^simd\t(.*)$/m.exec(loadAddon().libraries())?.[1];
