import type { Split } from './clip.js';

/** What a word of a csv, or the name of a folder or table, says about the clips under it. */
export type Part = { split: Split } | { fold: string } | 'unlabelled';

const plainWords: Record<string, Split> = {
  train: 'train',
  training: 'train',
  validation: 'validation',
  valid: 'validation',
  val: 'validation',
  test: 'test',
  testing: 'test',
};
const developmentWords = new Set(['dev', 'devel', 'development']);
const evaluationWords = new Set(['eval', 'evaluate', 'evaluation']);
const unlabelledWords = new Set(['unlabelled', 'unlabeled', 'nolabel', 'nolabels']);
/** What stands beside such a word in names like `audio_train` and says nothing; the last ones are of FSDKaggle's tables and folders. */
const fillers = new Set(
  [
    'audio wav wavs data dataset set split files clips recordings sounds meta metadata labels list annotations',
    'post competition scoring curated noisy clean',
  ].flatMap((line) => line.split(' ')),
);

/**
 * The parts that words mean together, or undefined for those that mean none. `dev` and `eval` mean what is missing: beside a `train`,
 * dev validates, without one it trains (FSD50K, DCASE); eval is the test, unless a test is there, which makes it the validation.
 */
export function partsOfWords(words: Iterable<string>): Map<string, Part | undefined> {
  const all = [...words];
  const coreOf = coresOf(all);
  const cores = new Set(coreOf.values());
  const hasPlain = (split: Split) => [...cores].some((core) => Object.hasOwn(plainWords, core) && plainWords[core] === split);
  const meaning = (core: string): Part | undefined => {
    if (Object.hasOwn(plainWords, core)) return { split: plainWords[core] };
    if (developmentWords.has(core)) {
      const isTraining = !hasPlain('train') && (hasPlain('test') || [...cores].some((other) => evaluationWords.has(other)));
      return { split: isTraining ? 'train' : 'validation' };
    }
    if (evaluationWords.has(core)) return { split: hasPlain('test') ? 'validation' : 'test' };
    if (unlabelledWords.has(core)) return 'unlabelled';
    const fold = /^fold0*(\d+)$/.exec(core);
    return fold === null ? undefined : { fold: fold[1] };
  };
  return new Map(all.map((word) => [word, meaning(coreOf.get(word) as string)]));
}

/** Whether a folder of this name holds recordings without labels. */
export const meansUnlabelled = (name: string): boolean => partsOfWords([name]).get(name) === 'unlabelled';

/** Each word in lower case without fillers and without what all of them begin with: `FSD50K.dev_audio`, `FSD50K.eval_audio` -> dev, eval. */
function coresOf(words: readonly string[]): Map<string, string> {
  const tokens = words.map((word) =>
    word
      .toLowerCase()
      .split(/[\s._-]+/)
      .filter((token) => token !== ''),
  );
  const shared = tokens.length < 2 ? 0 : sharedLength(tokens);
  return new Map(
    words.map((word, i) => [
      word,
      tokens[i]
        .slice(shared)
        .filter((token) => !fillers.has(token))
        .join(''),
    ]),
  );
}

function sharedLength(lists: readonly (readonly string[])[]): number {
  let length = 0;
  while (lists.every((list) => list.length > length + 1 && list[length] === lists[0][length] && !/^fold\d*$/.test(list[length]))) length++;
  return length;
}
