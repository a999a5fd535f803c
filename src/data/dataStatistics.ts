import type { Traits } from '../audio/RecordingTraits.js';
import { groupBy } from '../util/groupBy.js';
import { countClasses, inspectClips } from './checkData.js';
import { type Clip, compareCodeUnits, type Dataset } from './clip.js';
import { type TellingTrait, tellingTraits } from './tellingTraits.js';

export interface Summary {
  mean: number;
  median: number;
  min: number;
  max: number;
}

export interface DataStatistics {
  dir: string;
  kind: string;
  numClips: number;
  notes: string[];
  classes: { label: string; counts: Record<string, number>; total: number; seconds?: number }[];
  /** Clips a subset: train, validation, test as the data say; clean, noisy, noisySmall where labels are marked as verified or not. */
  subsets: Record<string, number>;
  /** Absent for metadata alone, as all below. */
  totalSeconds?: number;
  seconds?: Summary;
  /** Clips a sample rate (Hz), a number of channels, a file format. */
  sampleRates?: Record<string, number>;
  channels?: Record<string, number>;
  formats?: Record<string, number>;
  /** Over clips, of each clip's mean. */
  descriptors?: Record<string, Summary>;
  numUnreadable?: number;
  /** Medians over the clips of each class of what recorders and tools leave on them (audio/RecordingTraits), with rates in Hz. */
  traits?: ({ label: string; sampleRate: number } & Traits)[];
  /** Traits that alone tell classes apart. */
  tellingTraits?: TellingTrait[];
}

/** Counts, durations, rates and (with audio) clip descriptors of a data set; every recording is decoded once. */
export async function dataStatistics({
  dataset,
  isMetadataOnly = dataset.isMetadataOnly,
  numWorkers,
  channel,
  onProgress,
  signal,
}: {
  dataset: Dataset;
  /** Leave the audio alone. */
  isMetadataOnly?: boolean;
  numWorkers?: number;
  /** Look at this channel of every recording, 1 being the first; absent = at all, and their mean. */
  channel?: number;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}): Promise<DataStatistics> {
  const { dir, kind, clips, notes } = dataset;
  const statistics: DataStatistics = {
    dir,
    kind,
    numClips: clips.length,
    notes,
    classes: countClasses(clips),
    subsets: countSubsets(clips),
  };
  if (isMetadataOnly) return statistics;

  const missing = new Set(dataset.missing);
  const present = clips.filter((clip) => !missing.has(clip.id));
  const seconds: number[] = [];
  const secondsOfLabel = new Map<string, number>();
  const counts = { sampleRates: {}, channels: {}, formats: {} } as Record<'sampleRates' | 'channels' | 'formats', Record<string, number>>;
  const count = (table: Record<string, number>, key: string | number) => {
    table[key] = (table[key] ?? 0) + 1;
  };
  const descriptors = new Map<string, number[]>();
  const traits: ({ label: string; sampleRate: number } & Traits)[] = [];
  let numUnreadable = 0;
  let done = 0;
  await inspectClips({
    clips: present,
    numWorkers,
    channel,
    hasDescriptors: true,
    signal,
    onInspection({ label = '' }, inspection) {
      if ('error' in inspection) numUnreadable++;
      else {
        const duration = inspection.numSamples / inspection.sampleRate;
        seconds.push(duration);
        secondsOfLabel.set(label, (secondsOfLabel.get(label) ?? 0) + duration);
        count(counts.sampleRates, inspection.sampleRate);
        count(counts.channels, inspection.numChannels);
        count(counts.formats, inspection.format);
        if (inspection.traits) traits.push({ label, sampleRate: inspection.sampleRate, ...inspection.traits });
        for (const [name, value] of Object.entries(inspection.descriptors ?? {})) {
          if (!Number.isFinite(value)) continue;
          const values = descriptors.get(name);
          if (values === undefined) descriptors.set(name, [value]);
          else values.push(value);
        }
      }
      done++;
      onProgress?.(done, present.length);
    },
  });
  return {
    ...statistics,
    classes: statistics.classes.map((row) => ({ ...row, seconds: secondsOfLabel.get(row.label) ?? 0 })),
    totalSeconds: seconds.reduce((sum, value) => sum + value, 0),
    ...(seconds.length > 0 ? { seconds: summarise(seconds) } : {}),
    ...counts,
    descriptors: Object.fromEntries([...descriptors].map(([name, values]) => [name, summarise(values)])),
    numUnreadable,
    ...describeTraits(traits),
  };
}

const traitNames = ['sampleRate', 'bandwidth', 'level', 'digitalSilence', 'padding'] as const;

/** Medians by class, and what tells labelled classes apart. */
function describeTraits(
  clips: readonly ({ label: string; sampleRate: number } & Traits)[],
): Pick<DataStatistics, 'traits' | 'tellingTraits'> {
  const byClass = [...groupBy(clips, ({ label }) => label)].sort(([a], [b]) => compareCodeUnits(a, b));
  const median = (values: number[]) => summarise(values).median;
  const labelled = clips.filter(({ label }) => label !== '');
  const values = Object.fromEntries(traitNames.map((name) => [name, labelled.map((clip) => clip[name])]));
  return {
    traits: byClass.map(([label, members]) => ({
      label,
      ...(Object.fromEntries(traitNames.map((name) => [name, median(members.map((clip) => clip[name]))])) as Record<
        (typeof traitNames)[number],
        number
      >),
    })),
    tellingTraits: tellingTraits(
      values,
      labelled.map(({ label }) => label),
    ),
  };
}

function countSubsets(clips: readonly Clip[]): Record<string, number> {
  const count = (isCounted: (clip: Clip) => boolean) => clips.filter(isCounted).length;
  const isTrain = (clip: Clip) => clip.split === 'train';
  const all: Record<string, number> = {
    train: count(isTrain),
    clean: count((clip) => isTrain(clip) && clip.isVerified === true),
    noisy: count((clip) => isTrain(clip) && clip.isVerified === false),
    noisySmall: count((clip) => isTrain(clip) && clip.isNoisySmall === true),
    validation: count((clip) => clip.split === 'validation'),
    test: count((clip) => clip.split === 'test'),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value > 0));
}

export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    median: sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2,
    min: sorted[0],
    max: sorted[sorted.length - 1],
  };
}
