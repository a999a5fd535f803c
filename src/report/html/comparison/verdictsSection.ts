import type { ClaimVerdict } from '../../comparison/claims.js';
import type { ClaimPart, Evidence, Verdict } from '../../comparison/verdicts.js';
import { minSeedsOfVerdict } from '../../comparison/verdicts.js';
import { points, pointsInterval } from '../../differenceText.js';
import { number } from '../../format.js';
import { type Child, h } from '../../markup.js';

const words: Record<Verdict, string> = {
  supported: 'supported',
  notSupported: 'not supported',
  undecided: 'undecided',
  notTested: 'not tested',
};
/** The verdict in a sign as well, which needs no colour. */
const signs: Record<Verdict, string> = { supported: '✓', notSupported: '✗', undecided: '?', notTested: '–' };

/** What these runs say about each claim of a paper, or of a sweep file. */
export function verdictsSection(verdicts: readonly ClaimVerdict[], whose = 'the paper’s'): Child {
  return [
    h('p', { class: 'finding' }, verdictsFinding(verdicts, whose)),
    h(
      'p',
      {},
      `A claim is supported, or not supported, when the 95 % paired bootstrap interval over clips and seeds lies wholly on, or against, the claimed side; otherwise, and with fewer than ${minSeedsOfVerdict} seeds, it is undecided. It holds for the data and the training of these runs, not for others.`,
    ),
    h('ul', { class: 'claims' }, verdicts.map(claim)),
  ];
}

export function verdictsFinding(verdicts: readonly ClaimVerdict[], whose = 'the paper’s'): string {
  const count = (verdict: Verdict) => verdicts.filter((one) => one.verdict === verdict).length;
  const parts = (['supported', 'notSupported', 'undecided', 'notTested'] as const).flatMap((verdict) =>
    count(verdict) === 0 ? [] : [`${count(verdict)} ${count(verdict) === 1 ? 'is' : 'are'} ${words[verdict]}`],
  );
  return `Of ${whose} ${verdicts.length} ${verdicts.length === 1 ? 'claim' : 'claims'} ${parts.join(', ')} by these runs.`;
}

export function verdictWord(verdict: Verdict): string {
  return words[verdict];
}

function claim({ id, claim: text, published, verdict, reason, parts }: ClaimVerdict): Child {
  const hasParts = parts.length > 1 || parts.some(({ evidence, notes }) => evidence.length > 0 || notes.length > 0);
  return h(
    'li',
    { id: `claim-${id}` },
    h(
      'p',
      {},
      h('strong', {}, text),
      ' ',
      h('span', { class: `verdict ${verdict}` }, h('span', { 'aria-hidden': 'true' }, `${signs[verdict]} `), words[verdict]),
    ),
    // The parts say it one by one.
    parts.length === 1 && reason !== '' && h('p', {}, `${reason[0].toUpperCase()}${reason.slice(1)}.`),
    hasParts &&
      h(
        'ul',
        {},
        parts.map((part) => partItem(part, parts.length > 1)),
      ),
    published !== '' && h('p', { class: 'published' }, `Published: ${published}.`),
  );
}

function partItem({ name, verdict, reason, evidence, missing, notes }: ClaimPart, hasName: boolean): Child {
  return h(
    'li',
    {},
    hasName && [h('strong', {}, name), `: ${words[verdict]}${verdict === 'notTested' ? '' : `, ${reason}`}. `],
    evidence.map((piece) => `${evidenceText(piece)} `),
    hasName && missing.length > 0 && ['Needs ', missing.map((one, i) => [i > 0 && '; ', h('code', {}, one)]), '. '],
    notes.length > 0 && h('span', { class: 'soft' }, `${notes.join('; ')}.`),
  );
}

/** `Micro accuracy, A minus B: +3.1 points [+0.2 to +6.0], 5 seeds.` */
export function evidenceText({ what, estimate, low, high, numSeeds, claimed }: Evidence): string {
  const isAccuracy = what.startsWith('micro accuracy');
  const value = isAccuracy
    ? `${points(estimate)} points [${pointsInterval({ low, high })}]`
    : `${number(estimate, 3)} [${number(low, 3)} to ${number(high, 3)}]`;
  const border = 'above' in claimed ? `claimed: above ${claimed.above}` : `claimed: at least ${claimed.atLeast}`;
  return `${what[0].toUpperCase()}${what.slice(1)}: ${value}, ${numSeeds} ${numSeeds === 1 ? 'seed' : 'seeds'}; ${border}.`;
}
