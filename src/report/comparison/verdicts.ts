import { intervalSide } from '../../eval/statistics/intervalSide.js';

/** What may be concluded about a claim. */
export type Verdict = 'supported' | 'notSupported' | 'undecided' | 'notTested';

/** Fewer seeds say too little about how far seeds differ. */
export const minSeedsOfVerdict = 5;

/** What an interval is held against: a difference claimed to lie above 0, or a count claimed to be at least so many. */
export type ClaimedSide = { above: number } | { atLeast: number };

/** An interval that speaks for or against a claim. */
export interface Evidence {
  /** What was compared: `micro accuracy, ACL, alpha 0.3 minus NT-Xent`. */
  what: string;
  estimate: number;
  /** 95 % interval. */
  low: number;
  high: number;
  numSeeds: number;
  claimed: ClaimedSide;
}

/** One case of a claim: a subset, a temperature. */
export interface ClaimPart {
  name: string;
  verdict: Verdict;
  /** One sentence. */
  reason: string;
  evidence: readonly Evidence[];
  /** Of notTested: what would have to be run. */
  missing: readonly string[];
  /** Which systems were taken and why. */
  notes: readonly string[];
}

/**
 * supported / not supported = the 95 % interval lies wholly on / against the claimed side. An interval that touches the border, or one
 * from under 5 seeds, decides nothing.
 */
export function decide({ low, high, numSeeds, claimed }: Evidence): { verdict: Verdict; reason: string } {
  const border = 'above' in claimed ? claimed.above : claimed.atLeast;
  const side = intervalSide({ low, high }, border);
  const isFor = side === 'above' || ('atLeast' in claimed && low === border);
  const isAgainst = side === 'below';
  const where = isFor ? 'on the claimed side' : isAgainst ? 'against the claimed side' : undefined;
  if (!Number.isFinite(low) || !Number.isFinite(high)) return { verdict: 'undecided', reason: 'there is no interval' };
  if (numSeeds < minSeedsOfVerdict) {
    const inWords = where === undefined ? 'the 95 % interval lies on both sides' : `the 95 % interval lies ${where}`;
    return {
      verdict: 'undecided',
      reason: `${numSeeds === 1 ? '1 seed' : `${numSeeds} seeds`}, a verdict needs ${minSeedsOfVerdict}; ${inWords}`,
    };
  }
  if (where === undefined) return { verdict: 'undecided', reason: 'the 95 % interval lies on both sides' };
  return { verdict: isFor ? 'supported' : 'notSupported', reason: `the 95 % interval lies wholly ${where}` };
}

/** A part with all of its evidence: every piece must speak for it, one against it refutes it. */
export function partOf({
  name,
  evidence,
  notes = [],
}: {
  name: string;
  evidence: readonly Evidence[];
  notes?: readonly string[];
}): ClaimPart {
  const decisions = evidence.map((piece) => ({ ...decide(piece), what: piece.what }));
  const verdict = conjunction(decisions.map((decision) => decision.verdict));
  const decisive = decisions.filter((decision) => decision.verdict === verdict);
  const reason = evidence.length === 1 ? decisive[0].reason : decisive.map((decision) => `${decision.what}: ${decision.reason}`).join('; ');
  return { name, verdict, reason, evidence, missing: [], notes };
}

export function notTested(name: string, missing: readonly string[], notes: readonly string[] = []): ClaimPart {
  return { name, verdict: 'notTested', reason: `missing: ${missing.join('; ')}`, evidence: [], missing, notes };
}

/**
 * The verdict on a claim that all of its parts hold: one part against it refutes it, whatever is missing; else all must be tested
 * (`needsAll`, default) or at least one, and all tested ones supported.
 */
export function combine(parts: readonly ClaimPart[], { needsAll = true }: { needsAll?: boolean } = {}): Verdict {
  const tested = parts.filter(({ verdict }) => verdict !== 'notTested');
  if (tested.some(({ verdict }) => verdict === 'notSupported')) return 'notSupported';
  if (tested.length === 0 || (needsAll && tested.length < parts.length)) return 'notTested';
  return conjunction(tested.map(({ verdict }) => verdict));
}

function conjunction(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('notSupported')) return 'notSupported';
  return verdicts.every((verdict) => verdict === 'supported') ? 'supported' : 'undecided';
}
