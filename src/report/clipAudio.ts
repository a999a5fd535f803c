import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { encodeWav16 } from '../util/encodeWav16.js';
import { AudiosslError } from '../util/errors.js';
import { urlPath } from '../util/urlPath.js';
import { readExcerpt } from './readExcerpt.js';

/** How a page plays a recording: inside the page (whole, or its first seconds), from the file where it lies, or not at all. */
export type ClipAudio =
  | { kind: 'embedded'; src: string; cutTo?: number }
  | { kind: 'linked'; src: string }
  | { kind: 'missing'; path: string };

/** Recordings inside one page, bytes before base64: a page of 32 MiB still opens at once and can be sent to somebody. */
const mostEmbeddedBytes = 24 * 2 ** 20;

/** What browsers play. */
const mediaTypes: Record<string, string> = {
  ...{ '.wav': 'audio/wav', '.flac': 'audio/flac', '.mp3': 'audio/mpeg' },
  ...{ '.ogg': 'audio/ogg', '.oga': 'audio/ogg', '.opus': 'audio/ogg' },
};

/**
 * Sources for the recordings at `paths`, in order: original bytes as data URIs until `mostBytes` are spent, then links relative to `pageDir`.
 * A file that is too large for what is left is linked, later smaller ones may still be embedded. With `excerpt`, files of more than
 * `excerpt.largerThan` bytes, and those that browsers do not play, are embedded as their first `excerpt.seconds`, mono and 16 bits.
 */
export async function clipAudio(
  paths: readonly string[],
  {
    pageDir,
    mostBytes = mostEmbeddedBytes,
    excerpt,
  }: { pageDir: string; mostBytes?: number; excerpt?: { largerThan: number; seconds: number } },
): Promise<ClipAudio[]> {
  let left = mostBytes;
  const sources: ClipAudio[] = [];
  for (const path of paths) {
    const info = await stat(path).catch(() => undefined);
    if (!info?.isFile()) {
      sources.push({ kind: 'missing', path });
      continue;
    }
    const type = mediaTypes[extname(path).toLowerCase()];
    const embed = (media: string, bytes: Uint8Array, cutTo?: number) => {
      left -= bytes.length;
      sources.push({ kind: 'embedded', src: `data:${media};base64,${Buffer.from(bytes).toString('base64')}`, ...(cutTo && { cutTo }) });
    };
    const isCut = excerpt !== undefined && (type === undefined || info.size > excerpt.largerThan);
    const cut = isCut && left > 0 ? await wavExcerpt(path, excerpt.seconds) : undefined;
    if (cut !== undefined && cut.bytes.length <= left) embed('audio/wav', cut.bytes, cut.cutTo);
    else if (!isCut && info.size <= left) embed(type ?? 'application/octet-stream', await readFile(path));
    else sources.push({ kind: 'linked', src: urlPath(pageDir, path) });
  }
  return sources;
}

/** Undefined for what is no recording. */
async function wavExcerpt(path: string, seconds: number): Promise<{ bytes: Uint8Array; cutTo?: number } | undefined> {
  try {
    const { samples, sampleRate, isWhole } = await readExcerpt(path, { seconds });
    return { bytes: encodeWav16(samples, sampleRate), ...(!isWhole && { cutTo: seconds }) };
  } catch (error) {
    if (error instanceof AudiosslError) return undefined;
    throw error;
  }
}
