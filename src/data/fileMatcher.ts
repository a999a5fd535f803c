import { isAudioName } from './audioFiles.js';

/** Finds recordings by the names that tables give them. */
export interface FileMatcher {
  /**
   * Recordings that `name` may mean: the path itself, else those whose path ends with it, in any Unicode form; a name without an ending
   * of recordings may lack it. With several, those under a folder called one of `hints` are preferred.
   */
  find(name: string, hints?: readonly string[]): string[];
  /** A recording whose path differs from the name by upper and lower case only. */
  findByCase(name: string): string | undefined;
}

export function createFileMatcher(files: readonly string[]): FileMatcher {
  const byName = indexBy(files, (path) => lastPart(form(path)));
  let byStem: Map<string, string[]> | undefined;
  let byLowerCase: Map<string, string[]> | undefined;
  const stem = (name: string) => name.replace(/\.[^./]*$/, '');

  const endingWith = (candidates: readonly string[], name: string, shorten: (path: string) => string): string[] => {
    const forms = candidates.map((path) => shorten(form(path)));
    const exact = candidates.filter((_, i) => forms[i] === name);
    return exact.length > 0 ? exact : candidates.filter((_, i) => forms[i].endsWith(`/${name}`));
  };
  return {
    find(name, hints = []) {
      const wanted = form(name);
      let found = endingWith(byName.get(lastPart(wanted)) ?? [], wanted, (path) => path);
      if (found.length === 0 && !isAudioName(wanted)) {
        byStem ??= indexBy(files, (path) => stem(lastPart(form(path))));
        found = endingWith(byStem.get(lastPart(wanted)) ?? [], wanted, stem);
      }
      if (found.length < 2) return found;
      const hinted = found.filter((path) => path.split('/').some((part) => hints.includes(part.toLowerCase())));
      return hinted.length > 0 ? hinted : found;
    },
    findByCase(name) {
      byLowerCase ??= indexBy(files, (path) => lastPart(form(path)).toLowerCase());
      const wanted = form(name).toLowerCase();
      const candidates = byLowerCase.get(lastPart(wanted)) ?? [];
      return endingWith(candidates, wanted, (path) => path.toLowerCase())[0];
    },
  };
}

/** One form for names that look the same: file systems and spreadsheets write accents in one piece or in two. */
function form(name: string): string {
  return name.normalize('NFC');
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function indexBy(files: readonly string[], keyOf: (path: string) => string): Map<string, string[]> {
  const index = new Map<string, string[]>();
  for (const path of files) {
    const key = keyOf(path);
    const before = index.get(key);
    if (before === undefined) index.set(key, [path]);
    else before.push(path);
  }
  return index;
}
