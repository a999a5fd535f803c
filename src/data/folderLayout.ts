import { compareCodeUnits } from './clip.js';
import { type Part, partsOfWords } from './partWords.js';

/** What the folders of a data set mean. */
export interface FolderLayout {
  /** Leading folders that all recordings share and that say nothing. */
  prefix: string[];
  /** Top folders below the prefix that are splits, folds or `unlabelled`, when they are. */
  parts: Map<string, Part>;
  /** Top folders beside them that are none of these, which leaves open what is meant. */
  strangers: string[];
  /** Each recording (outside `unlabelled`) lies in a folder of its own kind, and there are two such folders or more. */
  hasClasses: boolean;
  /** Recordings that lie beside folders of recordings, when it is they that keep the folders from being classes. */
  strays: string[];
}

/**
 * Reads the meaning of folders off their names: splits (`train`, `test`), folds (`fold1`), `unlabelled`, else classes. A single flat `train`
 * among several folders that are no such words is a class like them: trains are recorded too.
 */
export function folderLayout(files: readonly string[]): FolderLayout {
  const paths = files.map((file) => file.split('/'));
  let prefix: string[] = [];
  for (;;) {
    const at = prefix.length;
    const tops = new Set(paths.map((path) => (path.length > at + 1 ? path[at] : undefined)));
    const [only] = tops;
    if (tops.size !== 1 || only === undefined || partsOfWords([only]).get(only) !== undefined) break;
    prefix = [...prefix, only];
  }
  const rests = paths.map((path) => path.slice(prefix.length));
  const tops = [...new Set(rests.flatMap((rest) => (rest.length > 1 ? rest[0] : [])))].sort(compareCodeUnits);
  const meant = partsOfWords(tops);
  const known = tops.filter((top) => meant.get(top) !== undefined);
  const others = tops.filter((top) => meant.get(top) === undefined);
  const isFlat = (top: string) => rests.every((rest) => rest[0] !== top || rest.length <= 2);
  const isUnlabelled = (top: string) => meant.get(top) === 'unlabelled';
  const splitLike = known.filter((top) => !isUnlabelled(top));
  const isTrainClass = others.length > 1 && splitLike.length === 1 && splitLike[0].toLowerCase() === 'train' && isFlat(splitLike[0]);
  const taken = isTrainClass ? known.filter(isUnlabelled) : known;
  const parts = new Map(taken.map((top) => [top, meant.get(top) as Part]));
  const hasSplits = !isTrainClass && splitLike.length > 0;
  const strangers = hasSplits ? others : [];

  const isClassed = (rest: string[]) => rest.length > (hasSplits && parts.has(rest[0]) ? 2 : 1);
  const labelled = rests.filter((rest) => !isUnlabelled(rest[0]));
  const classes = new Set(labelled.filter(isClassed).map((rest) => rest[hasSplits && parts.has(rest[0]) ? 1 : 0]));
  const strays = files.filter((_, i) => !isUnlabelled(rests[i][0]) && !isClassed(rests[i]));
  return { prefix, parts, strangers, hasClasses: strays.length === 0 && classes.size > 1, strays: classes.size > 1 ? strays : [] };
}
