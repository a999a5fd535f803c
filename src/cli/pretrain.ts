import type { Command } from 'commander';
import { addTrainingCommand } from './trainingCommand.js';

/** `audiossl pretrain --data DIR --out RUN`: an encoder from unlabelled recordings. */
export function registerPretrain(program: Command): void {
  addTrainingCommand(program, {
    name: 'pretrain',
    description: 'learn an encoder from recordings without labels; a stopped run goes on with --resume',
    label: 'Pre-training',
    loadRun: async () => (await import('../train/pretrain.js')).pretrain,
  });
}
