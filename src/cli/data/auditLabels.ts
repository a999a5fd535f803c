import { existsSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Detection } from '../../audit/flipLabels.js';
import type { BackendOptions } from '../../backend/setBackend.js';
import type { Split } from '../../data/clip.js';
import type { FeatureStore } from '../../data/FeatureStore.js';
import type { StoredClip } from '../../data/storeFiles.js';
import type { Model } from '../../model/loadModel.js';
import { UsageError } from '../../util/errors.js';
import { addBackendOptions, pickBackend } from '../backendOptions.js';
import { nonNegativeInteger, positiveInteger } from '../optionParsers.js';
import { percent } from '../percent.js';

type SplitChoice = Split | 'all';

interface AuditOptions extends Partial<BackendOptions> {
  model: string;
  data?: string;
  features?: string;
  out: string;
  split: SplitChoice;
  checkpoint: string;
  format: 'auto' | 'fsdnoisy18k' | 'csv' | 'classFolders';
  top: number;
  seed: number;
  folds: number;
  neighbours: number;
  flip?: number;
  json?: boolean;
}

/** `audiossl data audit-labels --model RUN --data DIR --out DIR`: which clips' labels the sound speaks against. */
export function registerAuditLabels(data: Command): void {
  const command = data
    .command('audit-labels')
    .description('rank clips whose label disagrees with their sound: csv, and a page to listen to them')
    .requiredOption('--model <run>', 'run folder or .safetensors file of a trained encoder')
    .option('--data <dir>', 'folder of recordings with labels')
    .option('--features <store>', "feature store (default: the run's own)")
    .requiredOption('--out <dir>', 'folder for labels.csv, audit.json and index.html')
    .addOption(
      new Option('--split <name>', "which clips, by the run's split or else the data's own; data without splits are all train")
        .choices(['train', 'validation', 'test', 'all'])
        .default('train'),
    )
    .option('--checkpoint <which>', 'of a run: best, last or the path of a file', 'best')
    .addOption(
      new Option('--format <format>', 'layout of the data folder').choices(['auto', 'fsdnoisy18k', 'csv', 'classFolders']).default('auto'),
    )
    .option('--top <number>', 'clips on the page', nonNegativeInteger, 50)
    .option('--seed <number>', 'of folds and flips', nonNegativeInteger, 0)
    .option('--folds <number>', 'of the out-of-fold predictions', positiveInteger, 5)
    .option('--neighbours <number>', 'nearest clips asked', positiveInteger, 20)
    .option('--flip <share>', 'test the audit: give this share of the labels another class first, and count how many are found', share)
    .option('--json', 'print a summary as JSON');
  addBackendOptions(command).action(async (options: AuditOptions) => {
    const [{ interruptible }, { createStages }, { prepareFolder }] = await Promise.all([
      import('../interruptible.js'),
      import('../stages.js'),
      import('../../audit/writeAudit.js'),
    ]);
    await prepareFolder(options.out);
    const stages = createStages();
    const result = await interruptible((signal) => audit(options, stages.show, signal)).finally(() => stages.finish());
    process.stdout.write(options.json === true ? `${JSON.stringify(result)}\n` : describe(result));
  });
}

type Result = Awaited<ReturnType<typeof audit>>;

async function audit(options: AuditOptions, onProgress: (stage: string, done: number, total: number) => void, signal: AbortSignal) {
  const [
    { auditLabels },
    { writeAudit },
    { detectionOf, flipLabels },
    { checkModelFrontEnd, loadModel },
    { clipMeans, embedClips },
    { runFacts },
  ] = await Promise.all([
    import('../../audit/auditLabels.js'),
    import('../../audit/writeAudit.js'),
    import('../../audit/flipLabels.js'),
    import('../../model/loadModel.js'),
    import('../../eval/embedClips.js'),
    import('../../run/runFacts.js'),
  ]);
  await pickBackend(options);
  let model: Model | undefined;
  let store: FeatureStore | undefined;
  try {
    model = await loadModel(options.model, { checkpoint: options.checkpoint });
    store = await openStore(options, model, signal);
    checkModelFrontEnd(model, store.frontEnd, `the store ${store.dir}`);
    const { clips, notes, isOfRun } = await chooseClips(store.clips, options);
    if (model.classify !== undefined && isOfRun && options.split !== 'test')
      notes.push(
        'the encoder was trained with the labels of its training clips: it may have learnt the wrong ones by heart; one trained without labels sees them better',
      );
    const facts = runFacts(['audiossl', ...process.argv.slice(2)]);
    const time = new Date().toISOString();
    if (isOfRun && (options.split === 'test' || options.split === 'all'))
      await noteTestAccess(options, model, clips.length, facts.command, time);

    const { clips: stored } = store;
    const given = clips.map((clip) => stored[clip].label as string);
    const flip = options.flip === undefined ? undefined : flipLabels({ labels: given, share: options.flip, seed: options.seed });
    const labelled = clips.map((clip, i) => ({
      id: stored[clip].id,
      label: (flip?.labels ?? given)[i],
      group: stored[clip].group ?? stored[clip].id,
    }));
    const patches = await embedClips({
      model,
      store,
      clips,
      signal,
      onProgress: (done, total) => onProgress('embedding patches', done, total),
    });
    const found = await auditLabels({
      embeddings: clipMeans(patches, clips.length),
      dim: patches.dim,
      clips: labelled,
      numFolds: options.folds,
      numNeighbours: options.neighbours,
      seed: options.seed,
      onProgress,
      signal,
    });
    const detection = flip && detectionOf(found, flip.isFlipped);
    const files = await writeAudit({
      audit: found,
      store,
      indices: clips,
      pathOf: (clip) => (options.data === undefined ? stored[clip].path : join(options.data, ...stored[clip].id.split('/'))),
      out: options.out,
      top: options.top,
      trueLabels: flip && given,
      detection,
      facts: {
        ...facts,
        model: model.checkpoint?.path,
        modelSha256: model.checkpoint?.sha256,
        store: store.dir,
        frontEndHash: store.frontEndHash,
        flipShare: options.flip,
      },
      model: model.checkpoint?.path ?? options.model,
      data: basename(resolve(options.data ?? store.dir)),
      split: options.split,
      notes,
      time,
      version: facts.versions.audiossl,
    });
    const { clips: ranked, noiseMatrix: _, ...summary } = found;
    return { files, notes, detection, first: ranked.slice(0, 5), ...summary };
  } finally {
    model?.dispose();
    await store?.close();
  }
}

async function openStore(options: AuditOptions, model: Model, signal: AbortSignal): Promise<FeatureStore> {
  const { data, features, out, format } = options;
  if (data === undefined && features === undefined && isRunFolder(options.model)) {
    const [{ openRunFeatures }, { loadConfig }, { openRun }] = await Promise.all([
      import('../openRunFeatures.js'),
      import('../../config/loadConfig.js'),
      import('../../run/runFolder.js'),
    ]);
    const run = await openRun(options.model);
    return openRunFeatures({ run, config: loadConfig({ file: run.config }), signal });
  }
  const { openFeatures } = await import('../openFeatures.js');
  // With a store, --data only says where the recordings lie now.
  return openFeatures({ data: features === undefined ? data : undefined, features, out, format, frontEnd: model.frontEnd, signal });
}

function isRunFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

/** Labelled clips of the split: the run's where the store holds clips of the run, else the data's own. */
async function chooseClips(
  stored: readonly StoredClip[],
  { model, split }: AuditOptions,
): Promise<{ clips: number[]; notes: string[]; isOfRun: boolean }> {
  const notes: string[] = [];
  let splitOf = (clip: StoredClip): Split | undefined => clip.split ?? 'train';
  let isOfRun = false;
  if (isRunFolder(model) && existsSync(join(model, 'split.csv'))) {
    const { readSplit } = await import('../../eval/evaluationClips.js');
    const { splitOf: ofRun } = await readSplit(join(model, 'split.csv'));
    isOfRun = stored.some(({ id }) => ofRun.has(id));
    if (isOfRun) splitOf = (clip) => ofRun.get(clip.id);
    else notes.push("the splits are the data's own: no clip is of the run's split.csv");
  }
  const inSplit = stored.flatMap((clip, i) => (split === 'all' || splitOf(clip) === split ? [i] : []));
  if (inSplit.length === 0) throw new UsageError(`audit-labels: the data have no ${split} clips; pass another --split`);
  const clips = inSplit.filter((i) => stored[i].label !== undefined);
  if (clips.length === 0) throw new UsageError(`audit-labels: needs labels, none of the ${inSplit.length} ${split} clips has one`);
  if (clips.length < inSplit.length) notes.push(`${inSplit.length - clips.length} clips without a label are left out`);
  return { clips, notes, isOfRun };
}

/** Labels of the run's test clips are looked at: its reports must say so. */
async function noteTestAccess(options: AuditOptions, model: Model, numClips: number, command: string[], time: string): Promise<void> {
  const [{ appendTestAccess }, { openRun }] = await Promise.all([import('../../run/testAccess.js'), import('../../run/runFolder.js')]);
  const { name: checkpoint, sha256: checkpointSha256 } = model.checkpoint ?? { name: 'none', sha256: '' };
  const record = {
    time,
    command,
    protocol: 'labelAudit',
    checkpoint,
    checkpointSha256,
    seed: options.seed,
    numClips,
    evaluation: options.out,
  };
  await appendTestAccess(await openRun(options.model), record);
}

function share(value: string): number {
  const number = Number(value);
  if (!(number > 0 && number < 1)) throw new InvalidArgumentError(`expected a share between 0 and 1, got "${value}".`);
  return number;
}

function describe({ files, notes, detection, first, numClips, numSuspected, outOfFoldAccuracy, estimatedNumErrors }: Result): string {
  const lines = [
    `${numSuspected} of ${numClips} clips are suspected (${percent(numSuspected / numClips)}); estimated wrong labels ${estimatedNumErrors.toFixed(0)}; given labels found out of fold ${percent(outOfFoldAccuracy)}`,
    ...first.map(
      ({ rank, id, label, suggested, score }) => `  ${rank}. ${id}: ${label}, sounds like ${suggested} (score ${score.toFixed(2)})`,
    ),
    ...(detection ? [describeDetection(detection)] : []),
    ...notes.map((note) => `  note: ${note}`),
    files.csv,
    files.html,
  ];
  return `${lines.join('\n')}\n`;
}

function describeDetection({
  numFlipped,
  numSuspected,
  precision,
  recall,
  precisionAtFlipped,
  averagePrecision,
  randomPrecision,
}: Detection): string {
  return [
    `  flipped labels: ${numFlipped}; found among the ${numSuspected} suspected: precision ${percent(precision)}, recall ${percent(recall)}`,
    `  among the first ${numFlipped}: ${percent(precisionAtFlipped)}; average precision ${averagePrecision.toFixed(3)}; a random order: ${percent(randomPrecision)}`,
  ].join('\n');
}
