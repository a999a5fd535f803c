import type { Command } from 'commander';
import { addTrainingCommand } from './trainingCommand.js';

/** `audiossl train --data DIR --out RUN`: an encoder and a classifier from labelled recordings. */
export function registerTrain(program: Command): void {
  addTrainingCommand(program, {
    name: 'train',
    description:
      "learn an encoder and a classifier from labelled recordings, by cross-entropy and the angular margin (loss.crossEntropyWeight, the paper's alpha, weighs them); a stopped run goes on with --resume",
    label: 'Training',
    loadRun: async () => (await import('../train/train.js')).train,
  });
}
