import type { Difference } from '../eval/statistics/pairedBootstrap.js';
import { bestByValidation, type Choice, marginFamilies, marginPair } from './comparison/choose.js';
import { isPlain } from './comparison/claimEvidence.js';
import type { SystemComparison } from './comparison/compareSystems.js';
import type { System } from './comparison/system.js';
import type { PublishedAccuracy } from './published/publishedAccuracy.js';
import { publishedTable2 } from './published/selfSupervised.js';
import { type PublishedSubset, publishedTable1 } from './published/supervised.js';
import type { SystemRow } from './systemRow.js';

/** A line of Table 1 or 2: a measured system where there is one, the published number beside it. */
export interface PaperRow {
  name: string;
  row: SystemRow | undefined;
  /** Why this system, or what would have to be run. */
  note: string;
  published: PublishedAccuracy;
}

export interface PaperTable1Row {
  subset: PublishedSubset;
  base: PaperRow;
  margin: PaperRow;
  /** Micro accuracy with the margin minus without, where both are there and were compared. */
  difference: Difference | undefined;
}

const subsets = ['all', 'noisy', 'noisySmall', 'clean'] as const;

/** Table 1 of the paper from the given systems; undefined where none of them is supervised with its own classifier. */
export function paperTable1(rows: readonly SystemRow[], pairs: readonly SystemComparison[]): PaperTable1Row[] | undefined {
  if (supervisedRows(rows).length === 0) return undefined;
  return subsets.map((subset) => {
    const own = onSubset(rows, subset).map(({ system }) => system);
    const pair = marginPair(own);
    const published = publishedTable1[subset];
    const arm = (which: 'base' | 'margin'): PaperRow => {
      const choice: Choice = 'missing' in pair ? bestByValidation(armOf(own, which)) : { system: pair[which], why: pair.why };
      return {
        name: which === 'base' ? 'cross entropy' : 'with the margin',
        ...chosen(choice, rows, `audiossl train --set data.protocol=${subset} --set loss.crossEntropyWeight=${published[which].alpha}`),
        published: published[which],
      };
    };
    const [base, margin] = [arm('base'), arm('margin')];
    return { subset, base, margin, difference: differenceOf(pairs, margin.row, base.row) };
  });
}

/** Table 2 of the paper; undefined where none of its four systems is there. */
export function paperTable2(rows: readonly SystemRow[]): PaperRow[] | undefined {
  const supervised = onSubset(rows, 'all').map(({ system }) => system);
  const linear = rows
    .map(({ system }) => system)
    .filter((system) => isPlain(system) && system.traits.kind === 'selfSupervised' && system.protocol === 'linear');
  if (supervised.length + linear.length === 0) return undefined;
  const remedy = (i: number) =>
    i < 2
      ? `audiossl train --set loss.crossEntropyWeight=${i === 0 ? 1 : 0.7}`
      : `audiossl pretrain --set loss.contrastiveWeight=${i === 2 ? 1 : 0.3}`;
  return publishedTable2.map((published, i) => {
    const systems = i < 2 ? supervised : linear;
    const which = i % 2 === 0 ? 'base' : 'margin';
    const pair = marginPair(systems);
    const choice: Choice = 'missing' in pair ? bestByValidation(armOf(systems, which)) : { system: pair[which], why: pair.why };
    return { name: published.system, ...chosen(choice, rows, remedy(i)), published };
  });
}

function chosen(choice: Choice, rows: readonly SystemRow[], remedy: string): { row: SystemRow | undefined; note: string } {
  if ('missing' in choice)
    return { row: undefined, note: choice.missing === 'a system to choose' ? `not run: ${remedy}` : `needs ${choice.missing}` };
  return { row: rows.find(({ system }) => system === choice.system), note: choice.why.join('; ') };
}

/** Systems without or with the margin, of the setting nearest to the paper's that has one. */
function armOf(systems: readonly System[], which: 'base' | 'margin'): System[] {
  return (
    marginFamilies(systems)
      .map((family) => family[which])
      .find((arm) => arm.length > 0) ?? []
  );
}

function supervisedRows(rows: readonly SystemRow[]): SystemRow[] {
  return rows.filter(({ system }) => isPlain(system) && system.traits.kind === 'supervised' && system.protocol === 'classifier');
}

/** Data without subsets stand for `all`. */
function onSubset(rows: readonly SystemRow[], subset: PublishedSubset): SystemRow[] {
  const supervised = supervisedRows(rows);
  const own = supervised.filter(({ system }) => system.traits.protocol === subset);
  if (own.length > 0 || subset !== 'all') return own;
  return supervised.filter(({ system }) => !subsets.some((name) => name === system.traits.protocol));
}

function differenceOf(pairs: readonly SystemComparison[], a: SystemRow | undefined, b: SystemRow | undefined): Difference | undefined {
  return pairs.find((pair) => pair.a === a?.system.name && pair.b === b?.system.name)?.micro.difference;
}
