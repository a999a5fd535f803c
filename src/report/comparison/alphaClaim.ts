import { bestByValidation, marginFamilies } from './choose.js';
import { accuracyEvidence, type ClaimContext } from './claimEvidence.js';
import type { System } from './system.js';
import { type ClaimPart, notTested, partOf } from './verdicts.js';

const [low, high] = [0.2, 0.4];
const name = 'alpha';

/**
 * The best alpha lies in 0.2 .. 0.4: the best of the systems inside (chosen on the validation clips) against the best outside. Without one
 * alpha below, one inside and one between 0.4 and 1 a range has not been tested.
 */
export function alphaPart(linear: readonly System[], context: ClaimContext): ClaimPart {
  const alphaOf = ({ traits }: System) => traits.alpha as number;
  const sets = marginFamilies(linear).map(({ base, margin }) => [...base, ...margin]);
  const missingOf = (systems: readonly System[]) => [
    ...(systems.some((system) => alphaOf(system) < low) ? [] : [`a system with loss.contrastiveWeight below ${low}`]),
    ...(systems.some(isInside) ? [] : [`a system with loss.contrastiveWeight in ${low} – ${high}`]),
    ...(systems.some((system) => alphaOf(system) > high && alphaOf(system) < 1)
      ? []
      : [`a system with loss.contrastiveWeight between ${high} and 1`]),
  ];
  if (sets.length === 0) return notTested(name, [...missingOf([]), 'evaluated with --protocol linear']);
  const whole = sets.find((systems) => missingOf(systems).length === 0);
  if (whole === undefined) {
    return notTested(
      name,
      sets.map(missingOf).reduce((fewest, missing) => (missing.length < fewest.length ? missing : fewest)),
    );
  }
  const [inside, outside] = [bestByValidation(whole.filter(isInside)), bestByValidation(whole.filter((system) => !isInside(system)))];
  if ('missing' in inside) return notTested(name, [inside.missing]);
  if ('missing' in outside) return notTested(name, [outside.missing]);
  const tried = whole.map(alphaOf).sort((a, b) => a - b);
  return partOf({
    name,
    evidence: [accuracyEvidence(inside.system, outside.system, context)],
    notes: [`alphas tried: ${tried.join(', ')}`, ...inside.why, ...outside.why],
  });

  function isInside(system: System): boolean {
    return alphaOf(system) >= low && alphaOf(system) <= high;
  }
}
