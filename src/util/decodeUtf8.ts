import { AudiosslError } from './errors.js';

/**
 * Text of a file that somebody else wrote, a byte-order mark left out. Throws AudiosslError naming file and line for bytes that are not UTF-8:
 * decoded they would all be U+FFFD, and names be mixed up. (U+FFFD itself is a character like any other, as of file names after a bad
 * unpacking.)
 */
export function decodeUtf8(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new AudiosslError(
      `${file}: must be UTF-8 text (or, of a table, UTF-16), got something else on line ${firstStrangeLine(bytes)}; save it as UTF-8`,
      { cause: error },
    );
  }
}

/** From 1. No character of several bytes holds the byte of a line's end. */
function firstStrangeLine(bytes: Uint8Array): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end + 1;
  }
  return line;
}
