/**
 * The first key that stands twice in one object of a JSON text, or undefined. JSON.parse keeps the last one silently,
 * which would let a hostile header describe one tensor twice. The text must already be known to be valid JSON.
 */
export function findRepeatedKey(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  // A scan by hand: a regular expression would keep one backtracking point for each character of a long string.
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const start = at++;
      while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
      let after = at + 1;
      while (' \t\r\n'.includes(json[after] ?? '-')) after++;
      if (json[after] !== ':') continue;
      const key: string = JSON.parse(json.slice(start, at + 1));
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}
