import type { SweepRun } from '../../sweep/expandSweep.js';
import type { Stage } from '../../sweep/stages.js';
import { engineOptions, type SweepEngine } from '../../sweep/sweepEngine.js';
import type { SweepFolder } from '../../sweep/sweepFolder.js';

/** The command line that makes one stage of a run. */
export function stageArguments(
  run: SweepRun,
  stage: Stage,
  { folder, store, engine }: { folder: SweepFolder; store: string; engine: SweepEngine },
): string[] {
  const dir = folder.run(run.name);
  const computing = [...engineOptions(engine), '--threads', String(engine.threads)];
  const until = stage.kind === 'training' && stage.untilEpoch !== undefined ? ['--until-epoch', String(stage.untilEpoch)] : [];
  if (stage.kind === 'training')
    return [run.command, '--features', store, '--config', folder.config(run.name), '--out', dir, '--resume', ...until, ...computing];
  const { protocol, split, checkpoint, labelFraction, shots, trainOn } = stage.evaluation;
  return [
    ...['evaluate', dir, '--protocol', protocol, '--split', split, '--checkpoint', checkpoint, '--features', store, ...computing],
    ...(labelFraction === undefined ? [] : ['--label-fractions', String(labelFraction)]),
    ...(shots === undefined ? [] : ['--shots', String(shots)]),
    ...(trainOn === undefined ? [] : ['--train-on', trainOn]),
  ];
}
