/** Something about one recording: why it was rejected, or what was mended. */
export interface Reason {
  id: string;
  text: string;
}

/** Recordings with one and the same reason. */
export interface ReasonGroup {
  ids: string[];
  /** The reason, of the first of them, without its name. */
  text: string;
  /** All figures in it are the same for all. */
  isSame: boolean;
}

/**
 * Reasons that are equal, or differ in their figures only, as one: the largest group first. `a.wav: chunk "data" promises 44 bytes more
 * than the file holds` of 200 files is one line. The command that converts a single file is left out unless `isRemedyNamed`.
 */
export function groupReasons(reasons: readonly Reason[], { isRemedyNamed = false } = {}): ReasonGroup[] {
  const groups = new Map<string, ReasonGroup>();
  for (const { id, text: whole } of reasons) {
    const text = withoutName(whole, id, isRemedyNamed);
    const key = text.replace(/-?\d+(\.\d+)?(e[+-]?\d+)?/g, '#');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ids: [id], text, isSame: true });
    else {
      group.ids.push(id);
      group.isSame &&= text === group.text;
    }
  }
  return [...groups.values()].sort((a, b) => b.ids.length - a.ids.length);
}

/** `decodeAudio: DIR/a.wav: cut off ...` without what names the file. */
function withoutName(text: string, id: string, isRemedyNamed: boolean): string {
  const at = text.indexOf(`${id}: `);
  const reason = at < 0 ? text : text.slice(at + id.length + 2);
  return isRemedyNamed ? reason : reason.replace(/[;,]?( or| mend the header or)? convert it: ffmpeg .*$/, '');
}

const maxNamed = 3;

/** One line a group: a single recording by its name, more by their number and the first names. */
export function describeReasons(reasons: readonly Reason[], options: { isRemedyNamed?: boolean } = {}): string[] {
  return groupReasons(reasons, options).map(({ ids, text, isSame }) => {
    if (ids.length === 1) return `${ids[0]}: ${text}`;
    const names = `${ids.slice(0, maxNamed).join(', ')}${ids.length > maxNamed ? ' ...' : ''}`;
    return `${ids.length} recordings: ${text} (${isSame ? '' : 'this one and others with other figures: '}${names})`;
  });
}
