import * as tf from '@tensorflow/tfjs-core';

// A convolution as it stands in the first stage of ResNet-18: 3 x 3, 64 -> 64 channels, maps of 26 x 24.
const [batch, height, width, channels] = [16, 26, 24, 64];
const operations = 2 * batch * height * width * 9 * channels * channels;

/** GFLOP/s of that convolution on the backend in use: the best of the runs that fit into `milliseconds`. */
export async function measureSpeed({ milliseconds = 300 } = {}): Promise<number> {
  const maps = tf.fill<tf.Rank.R4>([batch, height + 2, width + 2, channels], 0.5);
  const weights = tf.fill<tf.Rank.R4>([3, 3, channels, channels], 0.01);
  const run = async (): Promise<number> => {
    const start = performance.now();
    const result = tf.conv2d(maps, weights, 1, 'valid');
    // Read one number: a device that computes on its own time has then finished.
    const corner = tf.slice(result, [0, 0, 0, 0], [1, 1, 1, 1]);
    await corner.data();
    tf.dispose([result, corner]);
    return (performance.now() - start) / 1000;
  };
  let best = await run();
  for (const end = performance.now() + milliseconds; performance.now() < end; ) best = Math.min(best, await run());
  tf.dispose([maps, weights]);
  return operations / best / 1e9;
}
