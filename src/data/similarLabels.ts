import { groupBy } from '../util/groupBy.js';
import type { Clip } from './clip.js';

/** Classes that differ by nothing one would say aloud: blanks, upper and lower case, Unicode form. Each set in order of its names. */
export function similarLabels(classNames: readonly string[]): string[][] {
  const plain = (label: string) =>
    label
      .normalize('NFKC')
      .toLowerCase()
      .replace(/[\s_\u200b-\u200d-]/g, '');
  return [...groupBy(classNames, plain).values()].filter((names) => names.length > 1);
}

/** `labels that differ only by blanks, case or Unicode form are classes of their own: "Dog" (1), "dog" (3)`. */
export function describeSimilarLabels(sets: readonly string[][], clips: readonly Pick<Clip, 'label'>[]): string[] {
  const count = (name: string) => clips.filter(({ label }) => label === name).length;
  return sets.map(
    (names) =>
      `labels that differ only by blanks, case or Unicode form are classes of their own: ${names.map((name) => `"${name}" (${count(name)})`).join(', ')}`,
  );
}
