import { gridStarts } from '../data/samplers.js';
import { checkModelFrontEnd, type Model } from '../model/loadModel.js';
import { evaluationName } from '../run/evaluationRecord.js';
import { readContents } from '../run/runContents.js';
import { openRun, type RunFolder } from '../run/runFolder.js';
import { UsageError } from '../util/errors.js';
import type { EvaluateOptions } from './evaluateOptions.js';
import { type LabelledClips, labelledClips } from './evaluationClips.js';
import { type EvaluationOptions, evaluationOptions } from './evaluationOptions.js';
import { type ChosenSplit, chooseSplit, countSeen } from './evaluationSplit.js';
import { type LabelLimit, limitLabels } from './limitLabels.js';
import { optionsVariant } from './optionsVariant.js';
import type { ProtocolInput } from './protocols.js';

/** What an evaluation works on, checked, before anything is computed. */
export interface EvaluationContext {
  run: RunFolder;
  split: ChosenSplit;
  input: ProtocolInput;
  /** The options as they were chosen; those of `input` are fitted to the labels that are used. */
  chosenOptions: EvaluationOptions;
  /** Name of the files. */
  name: string;
  /** What the record is told by, beside its scores. */
  identity: ReturnType<typeof identityOf> & { variant: string | null };
  /** Clips of the target that the run's training has met. */
  seen: ReturnType<typeof countSeen>;
  notes: string[];
}

/** Finds the clips of an evaluation and checks that they, the model and the protocol fit together. Throws UsageError where they do not. */
export async function prepareEvaluation(given: EvaluateOptions): Promise<EvaluationContext> {
  const { store, model, protocol, split, seed = seedOf(model), fold, trainOn, transfer, limit } = given;
  const run = typeof given.run === 'string' ? await openRun(given.run) : given.run;
  checkModelFrontEnd(model, store.frontEnd, `the store ${store.dir}`);
  checkProtocol(given);
  const chosen = await chooseSplit({ splitFile: run.split, store, model, seed: seedOf(model), choice: { fold, trainOn, transfer } });
  const clipsOf = (name: 'train' | 'validation' | 'test') => labelledClips(store.clips, chosen.splitOf, name);
  const target = { ...clipsOf(split), split };
  const allTrain = clipsOf('train');
  const train = limit === undefined ? allTrain : limitLabels(allTrain, limit, seed);
  const needsValidation = protocol === 'linear' || protocol === 'finetune' || given.baselines === true;
  const validation = needsValidation ? (split === 'validation' ? target : clipsOf('validation')) : undefined;
  const seen = countSeen(store, chosen.runSplit, await readContents(run.contents), target.indices);
  const chosenOptions = given.options ?? evaluationOptions.parse({});
  const options = limitNeighbours(chosenOptions, given, allTrain, train);
  const variant = optionsVariant(protocol, chosenOptions, model.metadata.config);
  const identity = { ...identityOf({ ...given, seed }, chosen.dataset), variant };
  return {
    run,
    split: chosen,
    input: {
      ...{ model, store, target, train, validation, options, seed, numClasses: chosen.classNames.length },
      ...{ cache: given.cache, finetune: given.finetune, onProgress: given.onProgress, signal: given.signal },
    },
    chosenOptions,
    name: evaluationName(identity),
    identity,
    seen,
    notes: [
      ...chosen.notes,
      ...(chosen.dataset === null ? [] : [`transfer: the data are those of ${store.dir}, not the run's own`]),
      ...seenNotes(seen, target, model, {
        isOtherSplit: fold !== undefined || chosen.dataset !== null || trainOn !== undefined,
        isOtherData: chosen.dataset !== null,
        isListed: chosen.runSplit.splitOf.size > 0,
      }),
      ...unlabelledNotes({ [split]: target, train }),
      ...(limit === undefined ? [] : limitNotes({ limit, allTrain, train, classNames: chosen.classNames, validation })),
      ...missingClassNotes(chosen.classNames, train, target),
    ],
  };
}

/** The fields that tell one evaluation of a run from another, and that its name is made of. */
function identityOf({ protocol, split, model, seed, limit, fold, trainOn }: EvaluateOptions & { seed: number }, dataset: string | null) {
  return {
    protocol,
    dataset,
    trainOn: trainOn ?? null,
    labelFraction: limit !== undefined && 'labelFraction' in limit ? limit.labelFraction : null,
    shots: limit !== undefined && 'shots' in limit ? limit.shots : null,
    fold: fold ?? null,
    split,
    checkpoint: model.checkpoint?.name ?? 'none',
    seed,
  };
}

export function seedOf({ metadata: { config } }: Model): number {
  return typeof config === 'object' && config !== null && 'seed' in config && typeof config.seed === 'number' ? config.seed : 0;
}

function checkProtocol({ protocol, split, model, limit, fold, trainOn, transfer }: EvaluateOptions): void {
  if (fold !== undefined && split !== 'test') {
    throw new UsageError(`evaluate: with --folds every clip is a test clip once, got --split ${split}; pass --split test`);
  }
  if (protocol !== 'classifier') return;
  if (model.classify === undefined) {
    throw new UsageError(
      'evaluate: the protocol classifier needs a run with a classifier of its own (audiossl train), this checkpoint has none; use --protocol linear or knn',
    );
  }
  if (limit !== undefined || fold !== undefined || trainOn !== undefined || transfer === true) {
    throw new UsageError(
      "evaluate: the protocol classifier learns nothing, so it must be left to the run's own clips: no --label-fractions, --shots, --folds, --train-on or --transfer; use --protocol linear or finetune",
    );
  }
}

/** With fewer labels the vote asks the same share of the bank: 200 neighbours of 90 patches would give every clip the same answer. */
function limitNeighbours(
  options: EvaluationOptions,
  { protocol, store, model, limit }: EvaluateOptions,
  allTrain: LabelledClips,
  train: LabelledClips,
): EvaluationOptions {
  if (protocol !== 'knn' || limit === undefined) return options;
  const numPatches = ({ indices }: LabelledClips): number =>
    indices.reduce((sum, clip) => sum + gridStarts(store.clips[clip].numFrames, model.patchFrames, model.patchHop).length, 0);
  const whole = numPatches(allTrain);
  const neighbours = Math.max(1, Math.round((Math.min(options.neighbours, whole) * numPatches(train)) / whole));
  return { ...options, neighbours };
}

function unlabelledNotes(sets: Record<string, LabelledClips>): string[] {
  return Object.entries(sets).flatMap(([name, { numUnlabelled }]) =>
    numUnlabelled === 0 ? [] : [`${numUnlabelled} ${name} clips without a label are left out`],
  );
}

/** Where the split is not the run's own the reader must hear what the encoder had met, also that it had met nothing. */
function seenNotes(
  { train, validation, numUnknown }: EvaluationContext['seen'],
  { split, indices }: ProtocolInput['target'],
  model: Model,
  { isOtherSplit, isOtherData, isListed }: { isOtherSplit: boolean; isOtherData: boolean; isListed: boolean },
): string[] {
  // The run of an encoder that came as a file has no clips of its own.
  if (!isListed) return ['the encoder came as a file, which does not list the clips that it was trained on; its model card tells of them'];
  const labels = model.classify === undefined ? 'without their labels' : 'with their labels';
  // Of clips that cannot be compared, none known says nothing.
  const isTold = train > 0 || (isOtherSplit && !(isOtherData && numUnknown > 0));
  const known = numUnknown > 0 && isOtherData ? `at least ${train}` : `${train}`;
  const notes = isTold
    ? [`the run was trained on the recordings of ${known} of the ${indices.length} ${split} clips${train > 0 ? `, ${labels}` : ''}`]
    : [];
  // A name says little about the sound in it: 1.wav may be another recording, and a copy may have another name.
  if (isOtherData && numUnknown > 0)
    notes.push(
      `whether the run was trained on copies of ${numUnknown} of the ${indices.length} ${split} clips is unknown: they were compared by id alone, which other data may share by chance or not keep; features made by this version know the content (audiossl features --rebuild, and a run trained on such)`,
    );
  if (validation > 0 && isOtherSplit)
    notes.push(`its checkpoint was watched on the recordings of ${validation} of the ${indices.length} ${split} clips`);
  return notes;
}

function limitNotes({
  limit,
  allTrain,
  train,
  classNames,
  validation,
}: {
  limit: LabelLimit;
  allTrain: LabelledClips;
  train: LabelledClips;
  classNames: readonly string[];
  validation?: LabelledClips;
}): string[] {
  const notes = [`labels of ${train.indices.length} of the ${allTrain.indices.length} training clips are used, chosen by the seed`];
  if (validation !== undefined)
    notes.push(`what is chosen on validation is chosen on all ${validation.indices.length} labelled validation clips`);
  if ('shots' in limit) {
    const short = classNames.filter((_, label) => {
      const count = train.labels.filter((value) => value === label).length;
      return count > 0 && count < limit.shots;
    });
    if (short.length > 0) notes.push(`fewer than ${limit.shots} training clips: ${short.join(', ')}`);
  }
  return notes;
}

function missingClassNotes(classNames: readonly string[], train: LabelledClips, target: ProtocolInput['target']): string[] {
  const missing = ({ labels }: LabelledClips) => classNames.filter((_, label) => !labels.includes(label));
  const [untrained, untested] = [missing(train), missing(target)];
  return [
    ...(untrained.length > 0 ? [`classes without a training clip, never predicted: ${untrained.join(', ')}`] : []),
    ...(untested.length > 0 ? [`classes without a ${target.split} clip, left out of the macro accuracy: ${untested.join(', ')}`] : []),
  ];
}
