import { convertFolderCommand } from '../data/convertFolder.js';
import { describeReasons } from '../data/groupReasons.js';

const maxLines = 10;

/**
 * What was left out and what was mended, equal reasons as one line, and where a format is not decoded the one command that converts all of
 * a folder.
 * @param allIn where the whole list stands
 */
export function describeTroubles(
  { rejected, warnings }: { rejected: readonly { id: string; reason: string }[]; warnings: readonly { id: string; warning: string }[] },
  { allIn, dir }: { allIn: string; dir?: string },
): string {
  const reasons = rejected.map(({ id, reason }) => ({ id, text: reason }));
  const lines = [
    ...shorten(describeReasons(reasons, { isRemedyNamed: dir === undefined }), 'rejected', `, all in ${allIn}`),
    ...shorten(describeReasons(warnings.map(({ id, warning }) => ({ id, text: warning }))), 'warning', ''),
  ];
  const command = dir === undefined ? undefined : convertFolderCommand(dir, reasons);
  if (command !== undefined) lines.push(`to convert what is not decoded, in a copy of the folder: ${command}`);
  return lines.map((line) => `${line}\n`).join('');
}

function shorten(lines: readonly string[], word: string, where: string): string[] {
  const more = lines.length - maxLines;
  return [...lines.slice(0, maxLines).map((line) => `${word} ${line}`), ...(more > 0 ? [`... ${more} more of the kind${where}`] : [])];
}
