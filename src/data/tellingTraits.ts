/** A property of recordings that gives their classes away. */
export interface TellingTrait {
  trait: string;
  /** Mean over classes of the share of clips that the clips nearest in this one number call right. */
  macroAccuracy: number;
  /** Classes that it tells from all others; empty where it tells most of them apart. */
  classes: string[];
}

/** Clips asked for their class; all that are as near as the last one count. */
const NEAREST = 5;
/** Smaller classes say nothing of a property. */
const FEWEST_CLIPS = 5;
/** How far above chance, of what there is, all classes together must be told, and how surely a single one. */
const TELLS_ALL = 0.7;
const TELLS_ONE = 0.9;

/**
 * Which numbers alone tell classes apart that only their sound should: a class recorded by another device, cut by another tool, levelled
 * by another hand. Each clip is left out and called after the clips whose number is nearest to its own; equal votes count as wrong.
 * @param values a number a clip, by trait
 * @param labels class of each clip
 */
export function tellingTraits(values: Record<string, readonly number[]>, labels: readonly string[]): TellingTrait[] {
  const sizes = count(labels);
  const classes = [...sizes].flatMap(([label, size]) => (size >= FEWEST_CLIPS ? [label] : [])).sort();
  if (classes.length < 2) return [];
  return Object.entries(values).flatMap(([trait, all]) => {
    const kept = labels.flatMap((label, i) => (classes.includes(label) && Number.isFinite(all[i]) ? [{ label, value: all[i] }] : []));
    const called = callByNearest(kept);
    const share = (label: string) => {
      const own = kept.filter((clip) => clip.label === label).length;
      const right = kept.filter((clip, i) => clip.label === label && called[i] === label).length;
      const named = called.filter((name) => name === label).length;
      return { recall: own === 0 ? 0 : right / own, precision: named === 0 ? 0 : right / named };
    };
    const shares = classes.map(share);
    const macroAccuracy = shares.reduce((sum, { recall }) => sum + recall, 0) / classes.length;
    const chance = 1 / classes.length;
    if ((macroAccuracy - chance) / (1 - chance) >= TELLS_ALL) return [{ trait, macroAccuracy, classes: [] }];
    const told = classes.filter((_, i) => shares[i].recall >= TELLS_ONE && shares[i].precision >= TELLS_ONE);
    return told.length > 0 ? [{ trait, macroAccuracy, classes: told }] : [];
  });
}

/** The class most frequent among the nearest of the other clips, undefined where no class is. */
function callByNearest(clips: readonly { label: string; value: number }[]): (string | undefined)[] {
  const groups = new Map<number, Map<string, number>>();
  for (const { label, value } of clips) {
    const group = groups.get(value) ?? new Map<string, number>();
    groups.set(value, group.set(label, (group.get(label) ?? 0) + 1));
  }
  const sorted = [...groups.keys()].sort((a, b) => a - b);
  const placeOf = new Map(sorted.map((value, place) => [value, place]));
  return clips.map(({ label, value }) => {
    const votes = new Map(groups.get(value));
    votes.set(label, (votes.get(label) as number) - 1);
    let total = [...votes.values()].reduce((a, b) => a + b, 0);
    let [low, high] = [(placeOf.get(value) as number) - 1, (placeOf.get(value) as number) + 1];
    while (total < NEAREST && (low >= 0 || high < sorted.length)) {
      const isLow = high >= sorted.length || (low >= 0 && value - sorted[low] <= sorted[high] - value);
      const next = groups.get(sorted[isLow ? low-- : high++]) as Map<string, number>;
      for (const [other, number] of next) {
        votes.set(other, (votes.get(other) ?? 0) + number);
        total += number;
      }
    }
    const most = Math.max(...votes.values());
    const winners = [...votes].filter(([, number]) => number === most);
    return winners.length === 1 && most > 0 ? winners[0][0] : undefined;
  });
}

function count(labels: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}
