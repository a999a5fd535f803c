import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { runnableModule } from '../util/packageFile.js';
import { addBackendOptions } from './backendOptions.js';
import { collect, positiveInteger } from './optionParsers.js';
import type { SweepCommandOptions } from './sweep/sweepCommandOptions.js';

/** `audiossl sweep F --data DIR --out DIR`: experiments as a file. */
export function registerSweep(program: Command): void {
  const command = program
    .command('sweep')
    .description('run a grid of experiments, one run folder each, and collect one table; a stopped sweep goes on with the same line')
    .argument('<file>', 'YAML file of the sweep, such as configs/sweeps/esc10.yaml')
    .option('--data <dir>', 'folder of recordings; their features are made once, for all runs')
    .option('--features <store>', 'feature store made by audiossl features')
    .option('--from <name=dir>', 'of a sweep with transfer: where the recordings of one of its names are (repeatable)', collect, [])
    .option('--to <dir>', 'of a sweep with transfer: labelled recordings to judge on (repeatable)', collect, [])
    .requiredOption('--out <dir>', 'folder of the sweep')
    .option('--settings <dir>', 'folder of a sweep that has tried settings of these variants: each takes its best on validation')
    .option('--jobs <number>', 'runs at once; they share --threads', positiveInteger, 1)
    .option('--dry-run', 'check everything and list the runs, without starting or writing anything')
    .option('--prepare', 'make the features and write down the runs, without starting one: what comes before a job array')
    .option(
      '--task [number]',
      'make one run, that of this number in what --dry-run lists, from 1: as a task of a job array (default: SLURM_ARRAY_TASK_ID)',
      positiveInteger,
    )
    .option('--table', 'only write the tables anew, from what is there');
  addBackendOptions(command, { threads: 'threads of all runs at once together (default: one a core)' }).action(
    async (file: string, options: SweepCommandOptions) => {
      const { sweepCommand } = await import('./sweep/sweepCommand.js');
      const main = fileURLToPath(runnableModule('cli/main.js'));
      await sweepCommand(file, options, [process.execPath, main]);
    },
  );
}
