import { extname, resolve } from 'node:path';
import { shellName } from '../audio/decode/convertLine.js';
import type { Reason } from './groupReasons.js';

/**
 * The remedy for all recordings of a folder that are in a format which is not decoded, undefined where there is none: one command for a
 * POSIX shell with ffmpeg that makes a copy of the folder and converts them there. Each keeps its name and gets .wav behind it, so
 * that no two become one; the folder itself stays as it is.
 */
export function convertFolderCommand(dir: string, rejected: readonly Reason[]): string | undefined {
  // What can be salvaged needs no other program.
  const ids = rejected.filter(({ text }) => text.includes('convert it: ffmpeg') && !text.includes('--salvage')).map(({ id }) => id);
  if (ids.length === 0) return undefined;
  const folder = resolve(dir);
  const [from, to] = [shellName(folder), shellName(`${folder}-wav`)];
  const isShared = (id: string) => /^(\.(wav|wave|aiff?|aifc|au|caf|w64|flac|ogg|oga|opus|mp3))?$/i.test(extname(id));
  // Under an ending that other recordings bear, or none: by name.
  const patterns = [
    ...[...new Set(ids.filter((id) => !isShared(id)).map((id) => extname(id).toLowerCase()))]
      .sort()
      .map((ending) => `-iname ${quoted(`*${literally(ending)}`)}`),
    ...ids.filter(isShared).map((id) => `-path ${quoted(literally(`${folder}-wav/${id}`))}`),
  ];
  const loop = 'for f; do ffmpeg -nostdin -v error -n -i "$f" -c:a pcm_s16le "$f.wav" && rm "$f"; done';
  return `cp -R ${from} ${to} && find ${to} -type f \\( ${patterns.join(' -o ')} \\) -exec sh -c '${loop}' sh {} +`;
}

/** What find takes for these very characters. */
const literally = (text: string) => text.replace(/[\\*?[\]]/g, '\\$&');

/** Quoted even where the shell would take it plain: find is to see the pattern, not the shell. */
function quoted(pattern: string): string {
  const name = shellName(pattern);
  return /^[$']/.test(name) ? name : `'${name}'`;
}
