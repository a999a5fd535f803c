import { type Command, Option } from 'commander';
import { positiveInteger } from '../optionParsers.js';

export interface RankOptions {
  processes?: number;
  timeout: number;
  negatives?: 'all' | 'local';
  batchNorm?: 'synchronised' | 'local';
  gradientPrecision?: 'float32' | 'bfloat16';
}

/** Adds the options of a command that trains on several processes. */
export function addRankOptions(command: Command): Command {
  return command
    .option(
      '--processes <number>',
      'train in so many processes (ranks) of this machine, which share every batch; torchrun and srun start them on several machines',
      positiveInteger,
    )
    .addOption(
      new Option(
        '--negatives <whose>',
        'whom an anchor is compared with: the clips of all ranks, or those of its own (train.ranks.negatives)',
      ).choices(['all', 'local']),
    )
    .addOption(
      new Option('--batch-norm <how>', 'statistics of the whole batch, or of the share of each rank (train.ranks.batchNorm)').choices([
        'synchronised',
        'local',
      ]),
    )
    .addOption(
      new Option(
        '--gradient-precision <type>',
        'how gradients travel between ranks; bfloat16 halves the bytes and rounds them (train.ranks.gradientPrecision)',
      ).choices(['float32', 'bfloat16']),
    )
    .option('--timeout <seconds>', 'how long a rank waits for a sign of life of another before it gives up', positiveInteger, 300);
}

/** The config's keys that the options stand for. */
export function rankOverrides({ negatives, batchNorm, gradientPrecision }: RankOptions): string[] {
  return [
    ...(negatives === undefined ? [] : [`train.ranks.negatives=${negatives}`]),
    ...(batchNorm === undefined ? [] : [`train.ranks.batchNorm=${batchNorm}`]),
    ...(gradientPrecision === undefined ? [] : [`train.ranks.gradientPrecision=${gradientPrecision}`]),
  ];
}
