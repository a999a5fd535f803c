import { publishedClassesImproved, publishedTable2 } from '../published/selfSupervised.js';
import { publishedTable1 } from '../published/supervised.js';
import { alphaPart } from './alphaClaim.js';
import { marginPair } from './choose.js';
import { accuracyEvidence, type ClaimContext, classesEvidence, isPlain } from './claimEvidence.js';
import { type AnalysedRun, featureParts } from './featureClaim.js';
import type { System } from './system.js';
import { type ClaimPart, combine, notTested, partOf, type Verdict } from './verdicts.js';

/** A claim of the paper, or of a sweep file, and what the given runs say about it. */
export interface ClaimVerdict {
  /** Distinct on one page. */
  id: string;
  /** The claim in one sentence. */
  claim: string;
  /** The published numbers behind it; empty where none are given. */
  published: string;
  verdict: Verdict;
  /** One sentence. */
  reason: string;
  parts: readonly ClaimPart[];
}

const subsets = ['all', 'noisy', 'noisySmall', 'clean'] as const;

/**
 * A verdict for each of the paper's claims from the systems of a report, all on the same clips (checkSameClips), and the feature analyses
 * of its runs. Where several systems could speak for a claim, the validation clips choose. Accuracy = clip micro accuracy, the paper's.
 */
export function claimVerdicts(context: ClaimContext & { analyses?: readonly AnalysedRun[] }): ClaimVerdict[] {
  const plain = context.systems.filter(isPlain);
  const supervised = plain.filter(({ traits, protocol }) => traits.kind === 'supervised' && protocol === 'classifier');
  const linear = plain.filter(({ traits, protocol }) => traits.kind === 'selfSupervised' && protocol === 'linear');
  return [
    judged({
      id: 'marginHelpsSupervised',
      claim: 'The margin helps supervised training on each of the four subsets.',
      published: subsets
        .map((name) => `${name} ${publishedTable1[name].base.percent} → ${publishedTable1[name].margin.percent} %`)
        .join(', '),
      parts: subsets.map((name) => marginPart(name, supervisedOn(supervised, name), context)),
    }),
    judged({
      id: 'aclBeatsNtXent',
      claim: 'ACL (NT-Xent with the margin) beats NT-Xent by linear evaluation.',
      published: `${publishedTable2[2].percent} → ${publishedTable2[3].percent} %`,
      parts: [marginPart('linear evaluation', linear, context)],
    }),
    judged({
      id: 'classesImprove',
      claim: 'Most classes improve with the margin: 13 of 20.',
      published: `${publishedClassesImproved.numImproved} of ${publishedClassesImproved.numClasses} classes`,
      parts: [classesPart(linear, context)],
    }),
    judged({
      id: 'selfSupervisedBeatsSupervised',
      claim: 'Self-supervised pre-training with a linear classifier beats supervised training.',
      published: `${publishedTable2[0].percent} → ${publishedTable2[2].percent} %, with the margin in both ${publishedTable2[1].percent} → ${publishedTable2[3].percent} %`,
      parts: selfSupervisedParts(linear, supervisedOn(supervised, 'all'), context),
      needsAll: false,
    }),
    judged({
      id: 'bestAlpha',
      claim: 'The best alpha of ACL lies in 0.2 – 0.4.',
      published: 'the paper takes 0.3; by macro accuracy the published table has its best at 0.6',
      parts: [alphaPart(linear, context)],
    }),
    judged({
      id: 'featuresTighten',
      claim: 'With the margin tolerance rises and uniformity falls at every temperature.',
      published: 'at each of 10 temperatures, 0.1 – 1.0',
      parts: featureParts(context.analyses ?? [], context),
    }),
  ];
}

/** A claim with the verdict that follows from its parts, and the reason. */
export function judged({ needsAll = true, ...rest }: Omit<ClaimVerdict, 'verdict' | 'reason'> & { needsAll?: boolean }): ClaimVerdict {
  const verdict = combine(rest.parts, { needsAll });
  const { parts } = rest;
  const told = parts.filter((part) => part.verdict === verdict);
  const name = (part: ClaimPart) => (parts.length > 1 ? `${part.name}: ${part.reason}` : part.reason);
  return { ...rest, verdict, reason: told.map(name).join('; ') };
}

/** On other data than FSDnoisy18k there are no subsets: any supervised system stands for `all`. */
function supervisedOn(supervised: readonly System[], subset: (typeof subsets)[number]): System[] {
  const own = supervised.filter(({ traits }) => traits.protocol === subset);
  if (own.length > 0 || subset !== 'all') return own;
  return supervised.filter(({ traits }) => !subsets.some((name) => name === traits.protocol));
}

function marginPart(name: string, systems: readonly System[], context: ClaimContext): ClaimPart {
  const pair = marginPair(systems);
  if ('missing' in pair) return notTested(name, missingWords(name, pair.missing));
  return partOf({ name, evidence: [accuracyEvidence(pair.margin, pair.base, context)], notes: pair.why });
}

function missingWords(name: string, missing: ('base' | 'margin')[] | string): string[] {
  if (typeof missing === 'string') return [missing];
  const isLinear = name === 'linear evaluation';
  const key = isLinear ? 'loss.contrastiveWeight' : 'loss.crossEntropyWeight';
  const how = isLinear ? 'audiossl pretrain' : `audiossl train --set data.protocol=${name}`;
  const protocol = isLinear ? 'linear' : 'classifier';
  return missing.map(
    (which) => `${how} --set ${key}=${which === 'base' ? '1' : '0.3 (or another below 1)'}, evaluated with --protocol ${protocol}`,
  );
}

function classesPart(linear: readonly System[], context: ClaimContext): ClaimPart {
  const pair = marginPair(linear);
  if ('missing' in pair) return notTested('classes', missingWords('linear evaluation', pair.missing));
  const evidence = classesEvidence(pair.margin, pair.base, context);
  const notes =
    pair.base.classNames.length === publishedClassesImproved.numClasses
      ? pair.why
      : [...pair.why, `the data have ${pair.base.classNames.length} classes: the claim is held to the same share, 65 %`];
  return partOf({ name: 'classes', evidence: [evidence], notes });
}

function selfSupervisedParts(linear: readonly System[], supervised: readonly System[], context: ClaimContext): ClaimPart[] {
  const [own, theirs] = [marginPair(linear), marginPair(supervised)];
  const single = (systems: readonly System[], pair: typeof own, which: 'base' | 'margin') => {
    if (!('missing' in pair)) return { system: pair[which], why: pair.why };
    const candidates = systems.filter(({ traits }) => traits.hasMargin === (which === 'margin'));
    return candidates.length === 1 ? { system: candidates[0], why: [] } : undefined;
  };
  return (['base', 'margin'] as const).map((which) => {
    const name = which === 'base' ? 'without the margin' : 'with the margin in both';
    const [a, b] = [single(linear, own, which), single(supervised, theirs, which)];
    const missing = [...(a ? [] : missingWords('linear evaluation', [which])), ...(b ? [] : missingWords('all', [which]))];
    if (a === undefined || b === undefined) return notTested(name, missing);
    return partOf({ name, evidence: [accuracyEvidence(a.system, b.system, context)], notes: [...a.why, ...b.why] });
  });
}
