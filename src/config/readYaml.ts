import type { Document, Node, Pair } from 'yaml';
import { errorText, UsageError } from '../util/errors.js';
import { yaml } from '../util/onDemand.js';

export type Path = readonly (string | number)[];

/** A YAML text and where each of its values stands. */
export interface YamlText {
  /** null for an empty text. */
  value: unknown;
  /** `line:column` (from 1) of the key or list item at `path`, or of its nearest ancestor in the text. */
  locate(path: Path): string;
}

/** No config is this long; a text of this size cannot blow up either, since aliases are refused past `maxAliases`. */
const maxCharacters = 1_000_000;
const maxAliases = 50;

/**
 * Reads one YAML document (1.2; `1e-4` is a number). Wrong syntax, a key that stands twice, unknown tags, a second document and texts
 * built to explode are refused: `name:line:column: reason`.
 */
export function readYaml(text: string, name: string): YamlText {
  if (text.length > maxCharacters) throw new UsageError(`${name}: a config has at most ${maxCharacters} characters, got ${text.length}`);
  const { LineCounter, parseDocument } = yaml();
  const lines = new LineCounter();
  const position = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${line}:${col}`;
  };
  const document = guard(name, () => parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true }));
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) throw new UsageError(`${name}:${position(problem.pos[0])}: ${problem.message.replace(/\s*\n[\s\S]*$/, '')}`);
  const value: unknown = guard(name, () => document.toJS({ maxAliasCount: maxAliases }));
  return { value, locate: (path) => position(offsetOf(document, path)) };
}

/** Too deep nesting ends the parser's stack, too many aliases its patience. */
function guard<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new UsageError(`${name}: ${error instanceof RangeError ? 'nested too deeply' : errorText(error)}`, { cause: error });
  }
}

function offsetOf(document: Document.Parsed, path: Path): number {
  const { isMap, isScalar, isSeq } = yaml();
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(step)];
      if (item === undefined) break;
      node = item as Node;
      offset = node.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}
