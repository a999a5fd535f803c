import * as tf from '@tensorflow/tfjs-core';

/** Prints the processor time of each kernel in one step, all threads together, so that a busy machine does not spoil it. */
export async function profileStep(step) {
  tf.backend().time = async (run) => {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    return { kernelMs: (user + system) / 1000 };
  };
  const { kernels } = await tf.profile(step);
  const totals = new Map();
  for (const { name, kernelTimeMs } of kernels) {
    const total = totals.get(name) ?? { calls: 0, ms: 0 };
    total.calls++;
    total.ms += await kernelTimeMs;
    totals.set(name, total);
  }
  for (const [name, { calls, ms }] of [...totals].sort((a, b) => b[1].ms - a[1].ms).slice(0, 25)) {
    console.log(`${name.padEnd(34)} ${String(calls).padStart(5)} ${ms.toFixed(1).padStart(9)} ms`);
  }
  console.log(`${kernels.length} kernel calls`);
}
