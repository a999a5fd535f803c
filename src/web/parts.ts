import type { WebParts } from '../export/web/webFacts.js';
import { AudiosslError } from '../util/errors.js';

/**
 * Content comes as scripts, `audiosslPart("encoder", 0, "...")`, because a page opened by double click may load these and nothing else
 * from its folder.
 */
const waiting = new Map<string, (text: string) => void>();
Object.assign(globalThis, {
  audiosslPart: (name: string, number: number, text: string) => waiting.get(`${name}-${number}`)?.(text),
});

/** Text of one piece. Throws AudiosslError where the file is not there. */
export function loadPart(base: string, name: string, number: number): Promise<string> {
  const key = `${name}-${number}`;
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    const fail = () => reject(new AudiosslError(`loadEncoder: ${script.src} cannot be loaded; keep the exported folder together`));
    waiting.set(key, resolve);
    script.onload = fail; // no matter where the text has come
    script.onerror = fail;
    script.src = `${base}parts/${key}.js`;
    document.head.append(script);
  }).finally(() => {
    waiting.delete(key);
    document.head.querySelector(`script[src="${CSS.escape(`${base}parts/${key}.js`)}"]`)?.remove();
  }) as Promise<string>;
}

/** All pieces of a content, unpacked. `onBytes` gets the share that is there. */
export async function loadParts(
  base: string,
  name: string,
  { count, bytes }: WebParts,
  onShare?: (share: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (let number = 0; number < count; number++) {
    pieces.push(fromBase64(await loadPart(base, name, number)));
    onShare?.((number + 1) / count);
  }
  const unpacked = new Blob(pieces).stream().pipeThrough(new DecompressionStream('gzip'));
  const content = await new Response(unpacked).arrayBuffer().catch(() => undefined);
  if (content?.byteLength !== bytes) throw new AudiosslError(`loadEncoder: ${base}parts/${name}-*.js are damaged; export the page again`);
  return new Uint8Array(content);
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
