import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { PlannedRun } from '../../sweep/expandSweep.js';
import type { SweepFile, SweepTransfer } from '../../sweep/sweepFile.js';
import { UsageError } from '../../util/errors.js';
import { interruptible } from '../interruptible.js';
import { createStages } from '../stages.js';
import { describeTransfer } from '../transfer/describeTransfer.js';
import { runTransfer } from '../transfer/runTransfer.js';
import type { SweepCommandOptions } from './sweepCommandOptions.js';

/** Makes the runs of a file on --data; undefined where it only listed them. */
type SweepRuns = (file: SweepFile, options: SweepCommandOptions) => Promise<{ runs: readonly PlannedRun[] } | undefined>;

/**
 * A sweep with `transfer`: a sweep of its own on every data set of `transfer.from`, in OUT/NAME, then all their runs side by side on every
 * folder of --to, in OUT/transfer. What was trained is not trained again, and embeddings are kept, so that folders to judge on may be added.
 */
export async function transferSweep(file: SweepFile, options: SweepCommandOptions, sweepRuns: SweepRuns): Promise<void> {
  const transfer = file.sweep.transfer as SweepTransfer;
  checkOptions(options);
  const dirs = sourceDirs(transfer, options, file.file);
  const models: string[] = [];
  for (const [i, { name }] of transfer.from.entries()) {
    const out = join(options.out, name);
    if (transfer.from.length > 1) process.stderr.write(`audiossl: on ${name} (${dirs.get(name)})\n`);
    const done = await sweepRuns(ofSource(file, i), { ...options, data: dirs.get(name), out });
    models.push(...(done?.runs ?? []).map((run) => join(out, run.name)));
  }
  if (options.dryRun) return;
  const { checkpoint, folds, shots, draws, randomSeeds } = transfer;
  const { backend, device, precision, threads } = options;
  const stages = createStages();
  const judged = await interruptible((signal) =>
    runTransfer(
      {
        ...{ model: models, data: options.to, out: join(options.out, 'transfer'), checkpoint, format: 'auto', folds, shots, draws },
        ...{ randomSeeds, seed: file.sweep.seeds[0], backend, device, precision, threads },
      },
      { onProgress: stages.show, signal },
    ),
  ).finally(() => stages.finish());
  process.stdout.write(describeTransfer(judged.records, judged.files));
}

function checkOptions({ data, features, table, to }: SweepCommandOptions): void {
  if (data !== undefined || features !== undefined)
    throw new UsageError('sweep: a sweep with transfer takes --from NAME=DIR and --to DIR in place of --data and --features');
  if (table) throw new UsageError('sweep: --table is for sweeps without transfer; the same command writes its tables anew');
  if (to.length === 0) throw new UsageError('sweep: a sweep with transfer needs --to DIR, labelled recordings to judge on');
  const missing = to.find((dir) => !isFolder(dir));
  if (missing !== undefined) throw new UsageError(`sweep: --to must be a folder of recordings, got ${missing}`);
}

/** The folder of each name. Throws UsageError for a name without one, and for one that the file does not have. */
function sourceDirs({ from }: SweepTransfer, options: SweepCommandOptions, file: string): Map<string, string> {
  const dirs = new Map<string, string>();
  const names = from.map(({ name }) => name);
  for (const text of options.from) {
    const [, name, dir] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    if (name === undefined) throw new UsageError(`sweep: --from must be NAME=DIR, got ${text}`);
    if (!names.includes(name))
      throw new UsageError(`sweep: --from ${name}: ${file} has no such name in transfer.from, but ${names.join(', ')}`);
    if (dirs.has(name)) throw new UsageError(`sweep: --from must name each once, got ${name} twice`);
    if (!isFolder(dir)) throw new UsageError(`sweep: --from ${name} must be a folder of recordings, got ${dir}`);
    dirs.set(name, dir);
  }
  const missing = names.filter((name) => !dirs.has(name));
  if (missing.length > 0) throw new UsageError(`sweep: ${file} trains on ${missing.join(', ')}; pass --from ${missing[0]}=DIR`);
  return dirs;
}

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** The sweep on one of the data sets, with its keys. */
function ofSource(file: SweepFile, index: number): SweepFile {
  const { transfer, ...sweep } = file.sweep;
  const { set } = (transfer as SweepTransfer).from[index];
  return {
    ...file,
    sweep: { ...sweep, set: { ...sweep.set, ...set } },
    placeOf: (path) => file.placeOf(path[0] === 'set' && path[1] in set ? ['transfer', 'from', index, ...path] : path),
  };
}
