import { walkFolder } from './walkFolder.js';

/**
 * Endings that mark a file as a recording when a folder is listed. What is inside decides how it is decoded, so formats that
 * cannot be decoded stand here too: they end up in the list of rejected files with a reason instead of being overlooked.
 */
const audioEndings = /\.(wav|wave|bwf|rf64|w64|flac|ogg|oga|opus|mp3|aif|aiff|aifc|au|snd|caf|m4a|mp4|aac|wma)$/i;

export function isAudioName(name: string): boolean {
  return audioEndings.test(name);
}

/** Paths of all recordings below `dir`, as `walkFolder` lists them. Folders that may not be read are left out. */
export async function listAudioFiles(dir: string): Promise<string[]> {
  return (await walkFolder(dir)).files.filter(isAudioName);
}
