/**
 * A file name as a POSIX shell and ffmpeg take it literally: quoted where it holds more than plain characters, and with ./ before what
 * would be an option (-a.wav) or a protocol (a:b.wav).
 */
export function shellName(name: string): string {
  const path = /^-|^[^/]*:/.test(name) ? `./${name}` : name;
  if (/^[\w./+@%,-]+$/.test(path)) return path;
  // Control characters would break the line: ANSI-C quotes say them in letters.
  if (/\p{Cc}/u.test(path)) {
    const escaped = path.replace(/[\\']/g, '\\$&').replace(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
    return `$'${escaped}'`;
  }
  return `'${path.replaceAll("'", "'\\''")}'`;
}

/**
 * The remedy for what cannot be decoded: `convert it: ffmpeg -i a.m4a -c:a pcm_s16le a.m4a.wav`. The new name keeps the old ending, so
 * that a.m4a and a.wma do not become one file.
 */
export function convertLine(file: string): string {
  return `convert it: ffmpeg -i ${shellName(file)} -c:a pcm_s16le ${shellName(`${file}.wav`)}`;
}
