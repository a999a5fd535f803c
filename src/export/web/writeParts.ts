import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { WebParts } from './webFacts.js';

const pack = promisify(gzip);
/** A multiple of 3: no piece but the last ends with a part of a base64 group. */
const pieceBytes = 3 * 2 ** 20;

/** Writes a content, packed and in pieces, as the scripts `parts/NAME-0.js` ... that a page opened by double click can load. */
export async function writeParts(dir: string, name: string, content: Uint8Array): Promise<WebParts> {
  const packed = await pack(content, { level: 6 });
  const count = Math.max(1, Math.ceil(packed.length / pieceBytes));
  for (let number = 0; number < count; number++) {
    await writePart(dir, name, number, packed.subarray(number * pieceBytes, (number + 1) * pieceBytes).toString('base64'));
  }
  return { count, bytes: content.length };
}

export async function writePart(dir: string, name: string, number: number, text: string): Promise<void> {
  await writeFile(
    join(dir, 'parts', `${name}-${number}.js`),
    `audiosslPart(${JSON.stringify(name)}, ${number}, ${JSON.stringify(text)});\n`,
  );
}
