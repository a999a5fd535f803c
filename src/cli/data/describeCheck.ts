import type { DataCheck, Overlap } from '../../data/checkData.js';
import { describeReasons } from '../../data/groupReasons.js';
import type { NearDuplicatePair } from '../../data/nearDuplicatePairs.js';
import { percent } from '../percent.js';
import { countTable } from './countTable.js';

const SHOWN = 10;

/** The report of `data check` for people: what was read, clips a class, then each finding. */
export function describeCheck(check: DataCheck): string {
  const sections = [
    section('missing (a csv row without a file)', check.missing),
    section('not in the csv (left out)', check.unlisted),
    section('unreadable', describeReasons(check.unreadable.map(({ id, reason }) => ({ id, text: reason }))), check.unreadable.length),
    check.convertCommand === undefined ? '' : `to convert what is not decoded, in a copy of the folder:\n  ${check.convertCommand}\n\n`,
    section(
      'used, but worth a look',
      describeReasons(check.warnings.map(({ id, warning }) => ({ id, text: warning }))),
      check.warnings.length,
    ),
    section(
      'folders that may not be read',
      check.unreadableFolders.map(({ path, reason }) => `${path}: ${reason}`),
    ),
    section(
      'labels that differ only by blanks, case or Unicode form',
      check.similarLabels.map((names) => names.map((name) => `"${name}"`).join(', ')),
    ),
    section('silent', check.silent),
    section(
      'same content',
      check.duplicates.map(({ ids, labels }) => `${ids.join(' = ')}${labels.length > 1 ? ` (labels differ: ${labels.join(', ')})` : ''}`),
    ),
    section('one file name in more than one split', check.overlapById.map(describeOverlap)),
    section('one group in more than one split', check.overlapByGroup.map(describeOverlap)),
    section('one content in more than one split', check.overlapByContent.map(describeOverlap)),
    section('near-duplicates', (check.nearDuplicates ?? []).map(describeNearDuplicate)),
    section('not compared with the others, too short or too quiet', check.notCompared ?? []),
  ];
  const end = check.numProblems === 0 ? 'nothing wrong was found\n' : `${check.numProblems} findings\n`;
  return `${check.dir}\n${check.notes.map((note) => `  ${note}\n`).join('')}\n${countTable(check.classCounts)}\n${sections.join('')}${end}`;
}

function describeOverlap({ ids, splits }: Overlap): string {
  return `${ids.join(' = ')} (${splits.join(', ')})`;
}

/** `a.wav ~ b.wav: 3.20 s alike, from 1.55 s and 0.90 s on, 12 % of the bits differ (splits: train, test; folds: 3, 5)`. */
function describeNearDuplicate({ ids, seconds, startSeconds, bitErrors, ...differing }: NearDuplicatePair): string {
  const differences = (['splits', 'folds', 'labels'] as const).flatMap((key) =>
    differing[key] ? [`${key}: ${differing[key].join(', ')}`] : [],
  );
  const starts = startSeconds.map((start) => `${start.toFixed(2)} s`).join(' and ');
  return `${ids.join(' ~ ')}: ${seconds.toFixed(1)} s alike, from ${starts} on, ${percent(bitErrors)} of the bits differ${differences.length > 0 ? ` (${differences.join('; ')})` : ''}`;
}

function section(title: string, lines: readonly string[], count = lines.length): string {
  if (lines.length === 0) return '';
  const more = lines.length > SHOWN ? `  ... ${lines.length - SHOWN} more; --json has all\n` : '';
  return `${title}: ${count}\n${lines
    .slice(0, SHOWN)
    .map((line) => `  ${line}\n`)
    .join('')}${more}\n`;
}
