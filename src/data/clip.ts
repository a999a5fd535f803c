export const splitNames = ['train', 'validation', 'test'] as const;
export type Split = (typeof splitNames)[number];

/** One recording of a data set. */
export interface Clip {
  /** Path relative to the data folder, '/' separated, with extension; unique. */
  id: string;
  /** Absolute path of the file. */
  path: string;
  /** Absent in unlabelled sets. */
  label?: string;
  /** Index of the label in the data set's class names (sorted by code unit). */
  labelIndex?: number;
  split?: Split;
  fold?: string;
  /** Recording or uploader: splits, out-of-fold predictions and bootstraps go by it. Absent = the clip is its own group. */
  group?: string;
  /** Label checked by a person (FSDnoisy18k: the clean subset and the test set). */
  isVerified?: boolean;
  /** FSDnoisy18k: in the noisy subset that lasts about as long as the clean one. */
  isNoisySmall?: boolean;
  startSeconds?: number;
  endSeconds?: number;
}

/** Layouts that are known by name. */
export const datasetKinds = ['fsdnoisy18k', 'csv', 'classFolders', 'unlabelled'] as const;
export type DatasetKind = (typeof datasetKinds)[number];

export interface Dataset {
  /** Absolute. */
  dir: string;
  /** The layout, or that a module of the user's own has listed the clips. */
  kind: DatasetKind | 'module';
  /** Sorted by id. Rows of a csv whose files are missing are here too; `missing` names them. */
  clips: Clip[];
  /** Sorted by code unit; empty without labels. */
  classNames: string[];
  /** What the loader found worth saying, a line each. */
  notes: string[];
  /** Ids of csv rows without a file. Empty when there is no audio at all (`isMetadataOnly`). */
  missing: string[];
  /** Audio files that no csv row names, as ids. */
  unlisted: string[];
  /** The csv files are there, the audio is not. */
  isMetadataOnly: boolean;
  /** Classes whose names differ by blanks, case or Unicode form only, see `similarLabels`. */
  similarLabels?: string[][];
  /** Folders that could not be listed: what is in them is not known. */
  unreadableFolders?: { path: string; reason: string }[];
}

/** What keeps clips together in a split: their group, or the clip itself. */
export function groupOf(clip: Pick<Clip, 'id' | 'group'>): string {
  return clip.group ?? clip.id;
}

/** Order by UTF-16 code unit: the same on every machine and in every language setting. */
export function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Sorts clips by id and labels by code unit, sets every `labelIndex`, returns the class names. */
export function indexLabels(clips: Clip[]): string[] {
  clips.sort((a, b) => compareCodeUnits(a.id, b.id));
  const classNames = [...new Set(clips.flatMap((clip) => clip.label ?? []))].sort(compareCodeUnits);
  const indexOf = new Map(classNames.map((name, i) => [name, i]));
  for (const clip of clips) {
    if (clip.label !== undefined) clip.labelIndex = indexOf.get(clip.label);
  }
  return classNames;
}
