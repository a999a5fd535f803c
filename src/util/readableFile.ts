/** What is used of an open file (node:fs/promises' FileHandle), in words of our own: the published types then need none of Node.js's. */
export interface ReadableFile {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  stat(): Promise<{ size: number }>;
}
