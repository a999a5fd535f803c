import { type EmbeddedPart, type EmbedSummary, embedRecordings, type Recording } from '../embed/embedRecordings.js';
import type { RowKind } from '../embed/recordingPatches.js';
import type { Model } from '../model/loadModel.js';
import { UsageError } from '../util/errors.js';
import { didYouMean } from '../util/suggest.js';

/** One class of one stretch of a recording. */
export interface FoundSound {
  /** Seconds from the recording's start. */
  begin: number;
  end: number;
  label: string;
  /** Mean over the patches of the stretch of the classifier's softmax. */
  probability: number;
}

/** A recording with what was found in it, by time, then by probability. */
export interface ClassifiedRecording {
  id: string;
  /** Of the recording. */
  seconds: number;
  sounds: FoundSound[];
}

export interface ClassifyOptions
  extends Pick<
    Parameters<typeof embedRecordings>[0],
    'batchSize' | 'numWorkers' | 'onError' | 'salvage' | 'channel' | 'onRejected' | 'onProgress' | 'signal'
  > {
  /** With a classifier: of a supervised run, or `withProbe`. */
  model: Model;
  recordings: readonly Recording[];
  /** Stretches of so many seconds every `hop`. Absent: the recording as a whole. */
  window?: { window: number; hop: number };
  /** Classes below it are left out. Default 0. */
  threshold?: number;
  /** So many classes of a stretch at most. Default 1. */
  top?: number;
  /** Only these of the classifier's classes; the probabilities stay what they are among all. */
  classes?: readonly string[];
  /** Awaited; recordings in their order, also those in which nothing was found. */
  onRecording: (recording: ClassifiedRecording) => Promise<void>;
}

/**
 * Labels recordings on the way of `embedRecordings`: decoded by worker threads, patches in full batches across recordings, memory bounded
 * by what is found. A stretch's probabilities are means over its patches, as `evaluate` has them for a clip.
 * Throws UsageError for a model without a classifier, unknown classes and numbers out of range.
 *
 * @example
 * ```ts
 * import { classifyRecordings, findRecordings, loadModel, loadProbe, withProbe } from 'audiossl';
 * const encoder = await loadModel('runs/mine');
 * const model = withProbe(encoder, await loadProbe('probe.safetensors'), 'probe.safetensors'); // as in the example of loadProbe
 * const labels = new Map();
 * await classifyRecordings({
 *   model,
 *   recordings: await findRecordings(['my-recordings/high/0.wav', 'my-recordings/low/0.wav']),
 *   onRecording: async ({ id, sounds }) => void labels.set(id, sounds.map(({ label }) => label)),
 * });
 * [...labels.values()]; // => [['high'], ['low']]
 * ```
 */
export async function classifyRecordings({
  model,
  window,
  threshold = 0,
  top = 1,
  classes,
  onRecording,
  ...options
}: ClassifyOptions): Promise<EmbedSummary> {
  const { classNames } = model.metadata;
  const wanted = checkOptions(model, { threshold, top, classes });
  let sounds: FoundSound[] = [];

  async function onPart({ rows, completed }: EmbeddedPart): Promise<void> {
    let row = 0;
    const take = (id: string | undefined) => {
      for (; row < rows.ids.length && (id === undefined || rows.ids[row] === id); row++) {
        const values = rows.h.subarray(row * rows.dim, (row + 1) * rows.dim);
        const likely = wanted.filter((c) => values[c] >= threshold).sort((a, b) => values[b] - values[a] || a - b);
        for (const c of likely.slice(0, top))
          sounds.push({ begin: rows.begins[row], end: rows.ends[row], label: classNames[c], probability: values[c] });
      }
    };
    for (const { id, seconds } of completed) {
      take(id);
      const within = sounds.map((sound) =>
        window === undefined ? { ...sound, begin: 0, end: seconds } : { ...sound, end: Math.min(sound.end, seconds) },
      );
      sounds = [];
      await onRecording({ id, seconds, sounds: within });
    }
    take(undefined);
  }

  const per: RowKind = window ?? 'clip';
  return embedRecordings({ ...options, model: probabilitiesAsEmbeddings(model), per, onPart });
}

/** A model whose embedding of a patch is the probabilities of its classes. */
function probabilitiesAsEmbeddings(model: Model): Model {
  const { classifyPatches } = model as Required<Pick<Model, 'classifyPatches'>>;
  return { ...model, embedPatches: classifyPatches, encoder: { ...model.encoder, embeddingSize: model.metadata.classNames.length } };
}

/** Numbers of the classes that are asked for. */
function checkOptions(
  { classify, checkpoint, metadata: { classNames } }: Model,
  { threshold, top, classes }: Required<Pick<ClassifyOptions, 'threshold' | 'top'>> & Pick<ClassifyOptions, 'classes'>,
): number[] {
  if (classify === undefined) {
    throw new UsageError(
      `classify: ${checkpoint?.path ?? 'the model'} has no classifier; keep one with audiossl evaluate RUN --protocol linear --keep-probe and pass it as --probe, or train with labels (audiossl train)`,
    );
  }
  if (!(threshold >= 0 && threshold <= 1)) throw new UsageError(`classify: the threshold must be a probability, 0 to 1, got ${threshold}`);
  if (!Number.isInteger(top) || top < 1) throw new UsageError(`classify: top must be a whole number from 1 on, got ${top}`);
  for (const label of classes ?? []) {
    if (!classNames.includes(label)) {
      throw new UsageError(
        `classify: the classifier has no class "${label}"${didYouMean(label, classNames) || `; it has ${classNames.slice(0, 12).join(', ')}${classNames.length > 12 ? ' ...' : ''}`}`,
      );
    }
  }
  return classNames.flatMap((label, c) => (classes === undefined || classes.includes(label) ? [c] : []));
}
