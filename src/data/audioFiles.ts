import { extname } from 'node:path';
import { compareCodeUnits } from './clip.js';

/**
 * Endings that mark a file as a recording when a folder is listed. What is inside decides how it is decoded, so formats that
 * cannot be decoded stand here too: they end up in the list of rejected files with a reason instead of being overlooked.
 */
const audioEndings = new Set(
  [
    'wav wave bwf rf64 w64 flac fla ogg oga opus mp3 mpga aif aiff aifc au snd caf',
    'm4a m4b m4r m4p mp4 aac wma asf webm mka mkv weba 3gp 3gpp 3g2 amr awb ape wv mpc mpp tta tak dsf dff ra rm ram voc sph nist',
    'ac3 eac3 dts mp1 mp2 m2a spx gsm vox iff 8svx sd2 qt mov avi wmv flv ogv ogx oma at3 xm mid midi adts loas',
  ].flatMap((line) => line.split(' ')),
);

export function isAudioName(name: string): boolean {
  return audioEndings.has(endingOf(name));
}

/** `wav` of `night/a.WAV`; '' without one. */
function endingOf(name: string): string {
  return extname(name).slice(1).toLowerCase();
}

/** How many files bear which ending, of those that are no recordings by theirs: `2 files are no recordings by their endings: .csv 1, .raw 1`. */
export function describeOtherFiles(files: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const file of files) if (!isAudioName(file)) counts.set(endingOf(file), (counts.get(endingOf(file)) ?? 0) + 1);
  if (counts.size === 0) return undefined;
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const most = [...counts].sort((a, b) => b[1] - a[1] || compareCodeUnits(a[0], b[0]));
  const list = most.slice(0, 8).map(([ending, count]) => `${ending === '' ? 'without ending' : `.${ending}`} ${count}`);
  return `${total} ${total === 1 ? 'file is no recording by its ending' : 'files are no recordings by their endings'}: ${list.join(', ')}${most.length > 8 ? ' ...' : ''}`;
}
