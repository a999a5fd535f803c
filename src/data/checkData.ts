import { availableParallelism } from 'node:os';
import { runnableModule } from '../util/packageFile.js';
import { type Clip, type Dataset, groupOf, type Split, splitNames } from './clip.js';
import { convertFolderCommand } from './convertFolder.js';
import type { ClipInspection, InspectOptions } from './inspectClip.js';
import { type FingerprintedClip, type NearDuplicatePair, nearDuplicatePairs } from './nearDuplicatePairs.js';
import { runInWorkers } from './workerPool.js';

/** Clips of one group, or with one content, that stand in more than one split. */
export interface Overlap {
  /** The group, or the content's hash. */
  key: string;
  ids: string[];
  splits: Split[];
}

export interface DataCheck {
  dir: string;
  kind: string;
  numClips: number;
  notes: string[];
  /** Clips a class and split ('none' where the data say no split) and subset, sorted by class. */
  classCounts: { label: string; counts: Record<string, number>; total: number }[];
  /** Csv rows without a file; audio files without a csv row. */
  missing: string[];
  unlisted: string[];
  unreadable: { id: string; reason: string }[];
  /** The command that converts, in a copy of the folder, what of these is in a format that is not decoded. */
  convertCommand?: string;
  /** What was mended or is not heard in recordings that are used. */
  warnings: { id: string; warning: string }[];
  /** Classes whose names differ by blanks, case or Unicode form only. */
  similarLabels: string[][];
  unreadableFolders: { path: string; reason: string }[];
  silent: string[];
  /** Sets of clips with the same decoded samples. */
  duplicates: { ids: string[]; labels: string[]; splits: string[] }[];
  /** One file name in several splits, one group in several splits, one content in several splits. */
  overlapById: Overlap[];
  overlapByGroup: Overlap[];
  overlapByContent: Overlap[];
  /** Where they were asked for: those that differ in split first, then in fold, then in label; copies of the same samples stand above. */
  nearDuplicates?: NearDuplicatePair[];
  /** Likewise: too short or too quiet to be compared. */
  notCompared?: string[];
  /** Number of findings above; class counts, notes, unlisted files and those not compared are none. */
  numProblems: number;
}

/** Decodes every recording on worker threads; `onInspection` gets them in the order of the clips, missing ones left out. */
export async function inspectClips({
  clips,
  numWorkers = availableParallelism(),
  onInspection,
  signal,
  ...options
}: {
  clips: readonly Clip[];
  numWorkers?: number;
  onInspection: (clip: Clip, inspection: ClipInspection | { error: string }) => void;
  signal?: AbortSignal;
} & InspectOptions): Promise<void> {
  await runInWorkers<Clip, ClipInspection>({
    url: runnableModule('data/clipWorker.js'),
    workerData: { kind: 'inspect', ...options },
    numWorkers,
    jobs: clips,
    signal,
    async onOutcome(index, outcome) {
      onInspection(clips[index], 'error' in outcome ? outcome : outcome.result);
    },
  });
}

/**
 * Looks for what spoils an experiment: files missing, unreadable or silent, copies of one recording, and recordings that stand in
 * more than one of the data's own splits, by file name, by group and by content.
 */
export async function checkData({
  dataset,
  numWorkers,
  channel,
  nearDuplicates: isComparing = false,
  onProgress,
  signal,
}: {
  dataset: Dataset;
  numWorkers?: number;
  /** Look at this channel of every recording, 1 being the first; absent = at all, and their mean. */
  channel?: number;
  /** Compare the sound of all with that of all others. */
  nearDuplicates?: boolean;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}): Promise<DataCheck> {
  const missing = new Set(dataset.missing);
  const present = dataset.isMetadataOnly ? [] : dataset.clips.filter((clip) => !missing.has(clip.id));
  const unreadable: DataCheck['unreadable'] = [];
  const warnings: DataCheck['warnings'] = [];
  const silent: string[] = [];
  const byContent = new Map<string, Clip[]>();
  const compared: FingerprintedClip[] = [];
  let done = 0;
  await inspectClips({
    clips: present,
    numWorkers,
    channel,
    hasFingerprint: isComparing,
    signal,
    onInspection(clip, inspection) {
      if ('error' in inspection) unreadable.push({ id: clip.id, reason: inspection.error });
      else {
        if (inspection.isSilent) silent.push(clip.id);
        for (const warning of inspection.warnings) warnings.push({ id: clip.id, warning });
        // Of copies one stands for all.
        if (inspection.fingerprint && !byContent.has(inspection.contentHash)) compared.push({ clip, fingerprint: inspection.fingerprint });
        push(byContent, inspection.contentHash, clip);
      }
      done++;
      onProgress?.(done, present.length);
    },
  });

  const unique = (values: (string | undefined)[]) => [...new Set(values.map((value) => value ?? ''))].filter((value) => value !== '');
  const duplicates = [...byContent.values()]
    .filter((clips) => clips.length > 1)
    .map((clips) => ({
      ids: clips.map(({ id }) => id),
      labels: unique(clips.map(({ label }) => label)),
      splits: unique(clips.map(({ split }) => split)),
    }));
  const overlapById = overlaps(groupBy(dataset.clips, (clip) => clip.id.split('/').at(-1) ?? clip.id));
  const overlapByGroup = overlaps(groupBy(dataset.clips, groupOf));
  const overlapByContent = overlaps(byContent);
  const comparison = isComparing ? await nearDuplicatePairs(compared, { signal }) : undefined;
  const { similarLabels: similar = [], unreadableFolders = [] } = dataset;
  return {
    dir: dataset.dir,
    kind: dataset.kind,
    numClips: dataset.clips.length,
    notes: dataset.notes,
    classCounts: countClasses(dataset.clips),
    missing: dataset.missing,
    unlisted: dataset.unlisted,
    unreadable,
    convertCommand: convertFolderCommand(
      dataset.dir,
      unreadable.map(({ id, reason }) => ({ id, text: reason })),
    ),
    warnings,
    similarLabels: similar,
    unreadableFolders,
    silent,
    duplicates,
    overlapById,
    overlapByGroup,
    overlapByContent,
    ...comparison,
    numProblems: [
      comparison?.nearDuplicates ?? [],
      dataset.missing,
      unreadable,
      warnings,
      similar,
      unreadableFolders,
      silent,
      duplicates,
      overlapById,
      overlapByGroup,
      overlapByContent,
    ].reduce((sum, list) => sum + list.length, 0),
  };
}

/** Clips a class and split; of the training clips also how many are clean, noisy and noisySmall, where the data say so. */
export function countClasses(clips: readonly Clip[]): DataCheck['classCounts'] {
  const rows = [...groupBy(clips, (clip) => clip.label ?? '')].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return rows.map(([label, members]) => {
    const counts: Record<string, number> = {};
    for (const { split, isVerified, isNoisySmall } of members) {
      const keys: string[] = [split ?? 'none'];
      if (split === 'train' && isVerified !== undefined) keys.push(isVerified ? 'clean' : 'noisy');
      if (split === 'train' && isNoisySmall === true) keys.push('noisySmall');
      for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
    }
    return { label, counts, total: members.length };
  });
}

function overlaps(groups: Map<string, Clip[]>): Overlap[] {
  return [...groups].flatMap(([key, clips]) => {
    const splits = splitNames.filter((split) => clips.some((clip) => clip.split === split));
    return splits.length > 1 ? [{ key, ids: clips.map(({ id }) => id), splits }] : [];
  });
}

function groupBy(clips: readonly Clip[], keyOf: (clip: Clip) => string): Map<string, Clip[]> {
  const groups = new Map<string, Clip[]>();
  for (const clip of clips) push(groups, keyOf(clip), clip);
  return groups;
}

function push(groups: Map<string, Clip[]>, key: string, clip: Clip): void {
  const members = groups.get(key);
  if (members === undefined) groups.set(key, [clip]);
  else members.push(clip);
}
