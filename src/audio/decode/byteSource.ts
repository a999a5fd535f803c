/** Bytes that are read piece by piece, from memory or from a file of any length. */
export interface ByteSource {
  readonly size: number;
  /** The bytes `at` .. `at + length`, fewer at the end: a view, not to be written to. */
  read(at: number, length: number): Uint8Array;
}

export function bytesSource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) };
}
