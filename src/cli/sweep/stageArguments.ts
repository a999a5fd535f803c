import type { SweepRun } from '../../sweep/expandSweep.js';
import type { Stage } from '../../sweep/stages.js';
import type { SweepFolder } from '../../sweep/sweepFolder.js';
import type { SweepCommandOptions } from './sweepCommandOptions.js';

/** The command line that makes one stage of a run. */
export function stageArguments(folder: SweepFolder, run: SweepRun, stage: Stage, store: string): string[] {
  const dir = folder.run(run.name);
  if (stage.kind === 'training') return [run.command, '--features', store, '--config', folder.config(run.name), '--out', dir, '--resume'];
  const { protocol, split, checkpoint, labelFraction, shots, trainOn } = stage.evaluation;
  return [
    ...['evaluate', dir, '--protocol', protocol, '--split', split, '--checkpoint', checkpoint, '--features', store],
    ...(labelFraction === undefined ? [] : ['--label-fractions', String(labelFraction)]),
    ...(shots === undefined ? [] : ['--shots', String(shots)]),
    ...(trainOn === undefined ? [] : ['--train-on', trainOn]),
  ];
}

/** The backend of every process of a sweep, as it was asked for. */
export function engineArguments({ backend, device, precision }: SweepCommandOptions, threads: number): string[] {
  return [
    ...(backend === undefined ? [] : ['--backend', backend]),
    ...(device === undefined ? [] : ['--device', device]),
    ...(precision === undefined ? [] : ['--precision', precision]),
    ...['--threads', String(threads)],
  ];
}
