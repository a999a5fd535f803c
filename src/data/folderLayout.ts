import { compareCodeUnits } from './clip.js';
import { meansUnlabelled, type Part, partsOfWords } from './partWords.js';

/** What the folders of a data set mean. */
export interface FolderLayout {
  /** Leading folders that all recordings share and that say nothing. */
  prefix: string[];
  /** Top folders below the prefix that are splits, folds or `unlabelled`, when they are. */
  parts: Map<string, Part>;
  /** Folders inside the classes that are splits or folds, where each recording lies in one: `dog/train`, `cat/test`. */
  inner: Map<string, Part>;
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

  const inPart = (rest: string[]) => hasSplits && parts.has(rest[0]);
  const hasNoLabel = (rest: string[]) => isUnlabelled(rest[0]) || (inPart(rest) && rest.length > 2 && meansUnlabelled(rest[1]));
  const isClassed = (rest: string[]) => rest.length > (inPart(rest) ? 2 : 1);
  const labelled = rests.filter((rest) => !hasNoLabel(rest));
  const classes = new Set(labelled.filter(isClassed).map((rest) => rest[inPart(rest) ? 1 : 0]));
  const strays = files.filter((_, i) => !hasNoLabel(rests[i]) && !isClassed(rests[i]));
  const hasClasses = strays.length === 0 && classes.size > 1;
  const inner = hasClasses && !hasSplits && !isTrainClass ? partsInside(labelled) : new Map<string, Part>();
  return { prefix, parts, inner, strangers, hasClasses, strays: classes.size > 1 ? strays : [] };
}

/** What the folders below the classes mean, if all of them are splits or folds. */
function partsInside(rests: readonly string[][]): Map<string, Part> {
  const meant = partsOfWords(new Set(rests.map((rest) => (rest.length > 2 ? rest[1] : ''))));
  const isAll = [...meant.values()].every((part) => part !== undefined && part !== 'unlabelled');
  return new Map(isAll ? ([...meant] as [string, Part][]) : []);
}
