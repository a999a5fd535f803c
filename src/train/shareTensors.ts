import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from '../nn/parameters.js';
import type { RankGroup } from '../parallel/RankGroup.js';
import type { TrainingTensors } from './checkpointFile.js';

/** Puts rank 0's networks and optimiser into every rank's: it alone has read the checkpoint. */
export async function shareTensors(group: RankGroup, { parameters, optimizer }: TrainingTensors): Promise<void> {
  const shapes = await group.first(async () => [...optimizer.state()].map(([name, { shape }]) => [name, shape] as const));
  tf.tidy(() => {
    const state = group.rank === 0 ? optimizer.state() : new Map(shapes.map(([name, shape]) => [name, tf.zeros(shape)]));
    group.broadcast([...parameters.values(), ...state.values()]);
    if (group.rank > 0) optimizer.restore(state);
  });
}

/** Puts rank 0's running statistics into every rank's, which training itself does not read. */
export function shareRunningStatistics(group: RankGroup, parameters: Parameters): void {
  const isStatistic = /\.running_(mean|var)$/;
  group.broadcast([...parameters].flatMap(([path, variable]) => (isStatistic.test(path) ? [variable] : [])));
}
