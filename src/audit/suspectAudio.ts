import { readFile, stat } from 'node:fs/promises';
import { extname, relative, resolve, sep } from 'node:path';

/** How a page plays a recording: inside the page, from the file where it lies, or not at all. */
export type SuspectAudio = { kind: 'embedded' | 'linked'; src: string } | { kind: 'missing'; path: string };

/** Recordings inside one page, bytes before base64: a page of 32 MiB still opens at once and can be sent to somebody. */
const mostEmbeddedBytes = 24 * 2 ** 20;

const mediaTypes: Record<string, string> = { '.wav': 'audio/wav', '.flac': 'audio/flac', '.ogg': 'audio/ogg', '.mp3': 'audio/mpeg' };

/**
 * Sources for the recordings at `paths`, in order: original bytes as data URIs until `mostBytes` are spent, then links relative to `pageDir`.
 * A file that is too large for what is left is linked, later smaller ones may still be embedded.
 */
export async function suspectAudio(
  paths: readonly string[],
  { pageDir, mostBytes = mostEmbeddedBytes }: { pageDir: string; mostBytes?: number },
): Promise<SuspectAudio[]> {
  let left = mostBytes;
  const sources: SuspectAudio[] = [];
  for (const path of paths) {
    const info = await stat(path).catch(() => undefined);
    if (!info?.isFile()) {
      sources.push({ kind: 'missing', path });
    } else if (info.size > left) {
      sources.push({ kind: 'linked', src: relativeUrl(pageDir, path) });
    } else {
      left -= info.size;
      const type = mediaTypes[extname(path).toLowerCase()] ?? 'application/octet-stream';
      sources.push({ kind: 'embedded', src: `data:${type};base64,${(await readFile(path)).toString('base64')}` });
    }
  }
  return sources;
}

function relativeUrl(from: string, to: string): string {
  return relative(resolve(from), resolve(to)).split(sep).map(encodeURIComponent).join('/');
}
