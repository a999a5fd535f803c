import { AudiosslError, errorText } from './errors.js';

/** One value a line. */
export interface JsonLines {
  values: unknown[];
  /** Bytes of the whole lines: where the next record may be written after a last line that was torn by a kill. */
  numBytes: number;
  /** The last line had no end or was no JSON: it was dropped. */
  isTorn: boolean;
}

/**
 * Parses JSON lines. The last line may be torn (the process was killed while writing it): it is dropped and `isTorn` says so.
 * A whole line is one that ends in a line feed. Throws AudiosslError naming `file` and the line when any earlier line is no JSON.
 */
export function parseJsonLines(text: string, file: string): JsonLines {
  const values: unknown[] = [];
  let numBytes = 0;
  let from = 0;
  for (let lineNumber = 1; from < text.length; lineNumber++) {
    const end = text.indexOf('\n', from);
    if (end < 0) return { values, numBytes, isTorn: true };
    const line = text.slice(from, end).trim();
    if (line !== '') {
      try {
        values.push(JSON.parse(line));
      } catch (error) {
        // A power cut can leave a block of zeros with an end: only as the last line.
        if (text.slice(end + 1).trim() === '') return { values, numBytes, isTorn: true };
        throw new AudiosslError(`readJsonLines: ${file}:${lineNumber}: each line must be JSON: ${errorText(error)}`, { cause: error });
      }
    }
    numBytes += Buffer.byteLength(text.slice(from, end + 1));
    from = end + 1;
  }
  return { values, numBytes, isTorn: false };
}

/** One line with its end. Numbers that are not finite become null, as JSON has no word for them. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
