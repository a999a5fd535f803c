import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { encodeWav16 } from '../util/encodeWav16.js';
import { AudiosslError } from '../util/errors.js';
import { urlPath } from '../util/urlPath.js';
import { type Excerpt, forListening, readExcerpts } from './readExcerpts.js';

/** How a page plays a recording: inside the page (whole, or a part of it), from the file where it lies, or not at all. */
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

export interface ClipAudioOptions {
  /** Folder of the page. */
  pageDir: string;
  mostBytes?: number;
  /** Files of more than `largerThan` bytes, and those that browsers do not play, are embedded as `seconds` of them, mono and 16 bits. */
  excerpt?: { largerThan: number; seconds: number };
}

/** Seconds of a recording where its player begins and first stops. */
export type Span = readonly [from: number, to: number];

/**
 * Gives sources for recordings, one after the other: original bytes as data URIs until `mostBytes` are spent, then links relative to
 * `pageDir`. A file that is too large for what is left is linked, later smaller ones may still be embedded. With a span the player begins
 * there (a media fragment); an excerpt then is what `cut` gives, so that it need not be read twice.
 */
export function clipAudioPlacer({ pageDir, mostBytes = mostEmbeddedBytes, excerpt }: ClipAudioOptions) {
  let left = mostBytes;
  return async (path: string, { span, cut }: { span?: Span; cut?: Excerpt } = {}): Promise<ClipAudio> => {
    const info = await stat(path).catch(() => undefined);
    if (!info?.isFile()) return { kind: 'missing', path };
    const type = mediaTypes[extname(path).toLowerCase()];
    const embedded = (media: string, bytes: Uint8Array, within: Span | undefined): ClipAudio => {
      left -= bytes.length;
      return { kind: 'embedded', src: `data:${media};base64,${Buffer.from(bytes).toString('base64')}${fragment(within)}` };
    };
    const isCut = excerpt !== undefined && (type === undefined || info.size > excerpt.largerThan);
    const part = isCut && left > 0 ? (cut ?? (await firstSeconds(path, excerpt.seconds))) : undefined;
    if (part !== undefined) {
      const { samples, sampleRate } = forListening(part);
      const wav = encodeWav16(samples, sampleRate);
      if (wav.length <= left) {
        const { from } = part;
        const cutTo = from + part.samples.length / part.sampleRate;
        const within: Span | undefined = span && span[1] < cutTo ? [span[0] - from, span[1] - from] : undefined;
        return { ...embedded('audio/wav', wav, within), ...(!part.isWhole && { cutTo }) };
      }
    } else if (!isCut && info.size <= left) return embedded(type ?? 'application/octet-stream', await readFile(path), span);
    return { kind: 'linked', src: `${urlPath(pageDir, path)}${fragment(span)}` };
  };
}

/** The same for the recordings at `paths`, in order. */
export async function clipAudio(paths: readonly string[], options: ClipAudioOptions): Promise<ClipAudio[]> {
  const place = clipAudioPlacer(options);
  const sources: ClipAudio[] = [];
  for (const path of paths) sources.push(await place(path));
  return sources;
}

/** W3C media fragment: where a player begins and first stops. */
function fragment(span: Span | undefined): string {
  return span === undefined ? '' : `#t=${span.map((seconds) => Number(seconds.toFixed(3))).join(',')}`;
}

/** Undefined for what is no recording. */
async function firstSeconds(path: string, seconds: number): Promise<Excerpt | undefined> {
  try {
    return (await readExcerpts(path, [{ from: 0, seconds }]))[0];
  } catch (error) {
    if (error instanceof AudiosslError) return undefined;
    throw error;
  }
}
