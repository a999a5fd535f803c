import { accessSync, closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import type { ByteSource } from './byteSource.js';

/** A file as a source; whoever opened it closes it. */
export interface FileSource extends ByteSource {
  close(): void;
}

/** What is read ahead: a small recording comes in one piece. */
const windowBytes = 2 ** 19;

/**
 * Opens a file for positional reads, half a megabyte ahead of what is asked for. Reads are synchronous: decoding keeps its
 * thread busy anyway, and a header is walked in hundreds of small steps. Throws the system's errors, and one for what is no file.
 */
export function openFileSource(path: string): FileSource {
  const about = statSync(path);
  // Of a folder that was named because it may not be listed, that is what is wrong.
  if (about.isDirectory()) accessSync(path, constants.R_OK | constants.X_OK);
  // Opening a pipe would wait for its writer.
  if (!about.isFile()) throw new Error(`${path} must be a file`);
  const handle = openSync(path, 'r');
  const { size } = fstatSync(handle);
  let window = new Uint8Array(0);
  let windowStart = 0;
  return {
    size,
    read(at, length) {
      const end = Math.min(size, at + length);
      if (at >= end) return new Uint8Array(0);
      if (at < windowStart || end > windowStart + window.length) {
        // A new buffer each time: views of the one before may be in use.
        window = readAt(handle, at, Math.min(size - at, Math.max(windowBytes, 2 * (end - at))));
        windowStart = at;
      }
      return window.subarray(at - windowStart, end - windowStart);
    },
    close: () => closeSync(handle),
  };
}

/** `length` bytes from `at` on, fewer where the file has become shorter. */
function readAt(handle: number, at: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = readSync(handle, bytes, done, length - done, at + done);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}
