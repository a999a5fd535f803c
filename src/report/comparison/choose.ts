import { canonicalJson } from '../../util/hash.js';
import type { System } from './system.js';

/** The system to speak for several: the one with the highest score on the validation clips. `why` is a note for the reader. */
export type Choice = { system: System; why: string[] } | { missing: string };

/** Never looks at the clips that are compared: with several systems and a score unknown nothing is chosen. */
export function bestByValidation(systems: readonly System[]): Choice {
  if (systems.length === 0) return { missing: 'a system to choose' };
  if (systems.length === 1) return { system: systems[0], why: [] };
  const unknown = systems.find(({ validationScore }) => validationScore === null);
  if (unknown) return { missing: `an evaluation of ${unknown.name} on the validation clips, to choose between ${systems.length} systems` };
  const score = (system: System) => system.validationScore as number;
  const best = systems.reduce((a, b) => (score(b) > score(a) ? b : a));
  return {
    system: best,
    why: [`${best.name} has the best validation macro accuracy of ${systems.length}: ${systems.map(({ name }) => name).join(', ')}`],
  };
}

/** Systems whose configs differ in nothing but the loss's margin term: one without it, several with it. */
export interface MarginFamily {
  base: System[];
  margin: System[];
}

const marginKeys = new Set([
  ...['name', 'contrastiveWeight', 'crossEntropyWeight', 'marginRadians', 'marginOn'],
  ...['reduction', 'positiveWeight', 'negativeWeight', 'divisor'],
]);

/** Families of the trained systems given, the paper's own setting first (temperature 0.2, ResNet-18; the supervised authors' CNN), then those with most seeds. */
export function marginFamilies(systems: readonly System[]): MarginFamily[] {
  const families = new Map<string, System[]>();
  for (const system of systems) {
    if (system.traits.alpha === null) continue;
    const key = familyKey(system);
    families.set(key, [...(families.get(key) ?? []), system]);
  }
  const likeness = ([first]: readonly System[]) =>
    Number(first.traits.temperature === 0.2) +
    Number(first.traits.encoder === (first.traits.kind === 'supervised' ? 'supCnn' : 'resnet18'));
  const numSeeds = (family: readonly System[]) => Math.max(...family.map(({ seeds }) => seeds.length));
  return [...families.values()]
    .sort((a, b) => likeness(b) - likeness(a) || numSeeds(b) - numSeeds(a))
    .map((family) => ({
      base: family.filter(({ traits }) => !traits.hasMargin),
      margin: onPapersPlace(family.filter(({ traits }) => traits.hasMargin)),
    }));
}

/** Equal for systems that differ in nothing but the loss's margin term. */
function familyKey({ config, protocolKey }: System): string {
  return canonicalJson([withoutMargin(config), protocolKey]);
}

/** The margin may stand in two places; the authors' own is what is claimed about, where it is among the systems. */
function onPapersPlace(margin: readonly System[]): System[] {
  const isSupervised = margin[0]?.traits.kind === 'supervised';
  for (const place of isSupervised ? ['pooled', 'auto', 'embedding'] : ['embedding', 'projection']) {
    const there = margin.filter(({ traits }) => traits.marginOn === place);
    if (there.length > 0) return there;
  }
  return [...margin];
}

/** A system's config without the keys of the margin term. */
export function withoutMargin(config: unknown): unknown {
  if (config === null || typeof config !== 'object' || !('loss' in config)) return config;
  const { loss } = config;
  if (loss === null || typeof loss !== 'object') return config;
  return { ...config, loss: Object.fromEntries(Object.entries(loss).filter(([key]) => !marginKeys.has(key))) };
}

/** With the margin against without: of the first family that has both, each chosen by validation. */
export function marginPair(
  systems: readonly System[],
): { base: System; margin: System; why: string[] } | { missing: ('base' | 'margin')[] | string } {
  const families = marginFamilies(systems);
  const whole = families.filter(({ base, margin }) => base.length > 0 && margin.length > 0);
  if (whole.length === 0) {
    const hasBase = families.some(({ base }) => base.length > 0);
    const hasMargin = families.some(({ margin }) => margin.length > 0);
    if (hasBase && hasMargin) return { missing: 'two systems that differ in the margin term alone' };
    return { missing: [...(hasBase ? [] : ['base' as const]), ...(hasMargin ? [] : ['margin' as const])] };
  }
  const [base, margin] = [bestByValidation(whole[0].base), bestByValidation(whole[0].margin)];
  if ('missing' in base) return base;
  if ('missing' in margin) return margin;
  const others =
    whole.length > 1
      ? [`${whole.length - 1} other settings have systems with and without the margin as well; the one nearest to the paper's counts`]
      : [];
  return { base: base.system, margin: margin.system, why: [...base.why, ...margin.why, ...others] };
}
