import type { Detection } from '../../../audit/flipLabels.js';
import { percent } from '../../percent.js';
import type { AuditResult } from './runAudit.js';

/** The result for people: how many clips are suspected, the first of them, and where the rest stands. */
export function describeAudit({
  files,
  notes,
  detection,
  first,
  numClips,
  numSuspected,
  outOfFoldAccuracy,
  estimatedNumErrors,
}: AuditResult): string {
  const lines = [
    `${numSuspected} of ${numClips} clips are suspected (${percent(numSuspected / numClips)}); estimated wrong labels ${estimatedNumErrors.toFixed(0)}; given labels found out of fold ${percent(outOfFoldAccuracy)}`,
    ...first.map(
      ({ rank, id, label, suggested, score }) => `  ${rank}. ${id}: ${label}, sounds like ${suggested} (score ${score.toFixed(2)})`,
    ),
    ...(detection ? [describeDetection(detection)] : []),
    ...notes.map((note) => `  note: ${note}`),
    files.csv,
    files.html,
  ];
  return `${lines.join('\n')}\n`;
}

function describeDetection({
  numFlipped,
  numSuspected,
  precision,
  recall,
  precisionAtFlipped,
  averagePrecision,
  randomPrecision,
}: Detection): string {
  return [
    `  flipped labels: ${numFlipped}; found among the ${numSuspected} suspected: precision ${percent(precision)}, recall ${percent(recall)}`,
    `  among the first ${numFlipped}: ${percent(precisionAtFlipped)}; average precision ${averagePrecision.toFixed(3)}; a random order: ${percent(randomPrecision)}`,
  ].join('\n');
}
