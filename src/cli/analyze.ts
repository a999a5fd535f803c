import { type Command, Option } from 'commander';
import type { BackendOptions } from '../backend/setBackend.js';
import type { FeatureAnalysisInput } from '../run/featureAnalysis.js';
import { addBackendOptions } from './backendOptions.js';
import { positiveInteger, seedNumber } from './optionParsers.js';
import { sayNext } from './sayNext.js';

interface AnalyzeCommandOptions extends Partial<BackendOptions> {
  split: 'validation' | 'test';
  seed?: number;
  checkpoint: string;
  data?: string;
  features?: string;
  batchSize: number;
  json?: boolean;
}

/** `audiossl analyze RUN --split validation`: how the encoder spreads the clips: uniformity, tolerance, alignment. */
export function registerAnalyze(program: Command): void {
  const command = program
    .command('analyze')
    .description('uniformity, tolerance and alignment of the embeddings h and projections z of a run')
    .argument('<run>', 'folder of the run')
    .addOption(new Option('--split <name>', 'which clips').choices(['validation', 'test']).makeOptionMandatory())
    .option('--seed <number>', "of the patches and the augmentations' draws (default: the run's)", seedNumber)
    .option('--checkpoint <which>', 'best, last, whitened or the path of a file', 'best')
    .option('--data <dir>', "the run's recordings, where they lie elsewhere now")
    .option('--features <store>', "feature store (default: the run's own)")
    .option('--batch-size <pairs>', 'pairs of views embedded at once', positiveInteger, 64)
    .option('--json', 'print the record as JSON');
  addBackendOptions(command).action(async (dir: string, options: AnalyzeCommandOptions) => {
    const [{ interruptible }, { createStages }, { openRun }, { withSubject }, { analyzeFeatures }] = await Promise.all([
      import('./interruptible.js'),
      import('./stages.js'),
      import('../run/runFolder.js'),
      import('./withSubject.js'),
      import('../train/analyzeFeatures.js'),
    ]);
    const { split, seed, batchSize, checkpoint, data, features } = options;
    const stages = createStages();
    const run = await openRun(dir);
    const { path, record } = await interruptible((signal) =>
      withSubject(dir, { checkpoint, backend: options, source: { data, features, format: 'auto' }, signal }, ({ store, model }) => {
        const command = ['audiossl', ...process.argv.slice(2)];
        return analyzeFeatures({ run, store, model, split, seed, batchSize, command, onProgress: stages.show, signal });
      }),
    ).finally(() => stages.finish());
    process.stdout.write(options.json === true ? `${JSON.stringify(record)}\n` : describe(record, path));
    if (options.json !== true) sayNext(['report', dir]);
  });
}

function describe(record: FeatureAnalysisInput, path: string): string {
  const cell = (value: number | null | undefined) => (typeof value === 'number' ? value.toFixed(4) : '-').padStart(12);
  const row = (name: string, pick: (part: Quantities) => { h: number; z: number | null } | null) => {
    const cells = [record, record.patches].flatMap((part) => [pick(part)?.h, pick(part)?.z]);
    return `  ${name.padEnd(22)}${cells.map(cell).join('')}`;
  };
  const lines = [
    `${record.numClips} ${record.split} clips, checkpoint ${record.checkpoint} (epoch ${record.checkpointEpoch}), seed ${record.seed}`,
    `  ${''.padEnd(22)}${['h, views', 'z, views', 'h, patches', 'z, patches'].map((head) => head.padStart(12)).join('')}`,
    row('uniformity', (part) => part.uniformity),
    row('tolerance', (part) => part.tolerance),
    row('alignment', (part) => part.alignment),
    row('cosine, same class', (part) => part.sameClassCosine),
    row('cosine, other classes', (part) => part.otherClassCosine),
    ...(record.notes ?? []).map((note) => `  note: ${note}`),
    path,
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

type Quantities = Pick<FeatureAnalysisInput, 'uniformity' | 'tolerance' | 'alignment' | 'sameClassCosine' | 'otherClassCosine'>;
