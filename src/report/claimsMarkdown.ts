import type { ClaimVerdict } from './comparison/claims.js';
import { evidenceText, verdictWord } from './html/comparison/verdictsSection.js';
import { escapeMarkdown } from './markup.js';

/** A list of claims with their verdicts, and below each what speaks for or against it. */
export function claimsMarkdown(verdicts: readonly ClaimVerdict[]): string[] {
  return verdicts.flatMap(({ claim, verdict, reason, published, parts }) => [
    `- ${escapeMarkdown(claim)} **${verdictWord(verdict)}**: ${escapeMarkdown(reason)}.${published === '' ? '' : ` Published: ${escapeMarkdown(published)}.`}`,
    ...parts.flatMap(({ name, evidence, notes }) =>
      evidence.map(
        (piece) =>
          `  - ${escapeMarkdown([`${name}: ${evidenceText(piece)}`, ...(notes.length > 0 ? [`(${notes.join('; ')})`] : [])].join(' '))}`,
      ),
    ),
  ]);
}
