import { UsageError } from '../../util/errors.js';
import { groupBy } from '../../util/groupBy.js';
import { canonicalJson } from '../../util/hash.js';
import type { System } from './system.js';
import { shown } from './systems.js';

/** Systems can be shown in one report: the same split, classes, clips and labels. Throws UsageError in one line. */
function checkSameClips(systems: readonly System[]): void {
  const [first, ...others] = systems;
  for (const other of others) {
    const who = `${first.name} (${first.runs[0]}) and ${other.name} (${other.runs[0]})`;
    const fail = (what: string): never => {
      throw new UsageError(`report: ${who}: ${what}`);
    };
    if (canonicalJson(first.classNames) !== canonicalJson(other.classNames)) {
      fail(
        `runs that are compared must be of one dataset, got the classes ${shown(first.classNames)} and ${shown(other.classNames)}; report on them apart`,
      );
    }
    if (first.split !== other.split) fail(`must be evaluated on one split, got ${first.split} and ${other.split}`);
    const own = new Set(first.ids);
    const numShared = other.ids.filter((id) => own.has(id)).length;
    if (numShared < other.ids.length || numShared < first.ids.length) {
      fail(
        `must be tested on the same clips, got ${first.ids.length} and ${other.ids.length}, ${numShared} of them in both; ${numShared === 0 ? 'these are different datasets, report on them apart' : 'evaluate the folds that are missing, or leave these runs out'}`,
      );
    }
    const at = other.labels.findIndex((label, i) => label !== first.labels[i]);
    if (at >= 0) {
      fail(
        `a clip must have one label in all runs, ${first.ids[at]} has ${first.classNames[first.labels[at]]} and ${other.classNames[other.labels[at]]}; these are different datasets, report on them apart`,
      );
    }
  }
}

/**
 * Two systems can be compared: the same clips, protocol and front end. A supervised system may differ from a self-supervised one in
 * protocol and front end, as the paper's own do: what is compared then is what each of them says about the same recordings.
 */
export function checkComparable(a: System, b: System): void {
  checkSameClips([a, b]);
  if ((a.traits.kind === 'supervised') !== (b.traits.kind === 'supervised')) return;
  if (a.protocolKey !== b.protocolKey) {
    throw new UsageError(
      `report: systems that are compared must be evaluated under one protocol, ${a.name} is ${howOf(a)} and ${b.name} ${howOf(b)}; evaluate both alike`,
    );
  }
  checkFrontEnds([a, b]);
}

/** Runs of one kind in one report must hear the same: throws UsageError where front ends are mixed. */
function checkFrontEnds(systems: readonly System[]): void {
  for (const isSupervised of [false, true]) {
    const [first, ...others] = systems.filter(({ traits }) => (traits.kind === 'supervised') === isSupervised);
    for (const other of others) {
      if (other.frontEndHash === first.frontEndHash) continue;
      throw new UsageError(
        `report: runs that are compared must have one front end, ${first.runs[0]} has ${first.frontEndHash.slice(0, 12)} and ${other.runs[0]} ${other.frontEndHash.slice(0, 12)}; report on them apart`,
      );
    }
  }
}

/** Systems of one report: one dataset, one front end. Evaluations on other data, or on folds of their own, have clips of their own. */
export function checkSystems(systems: readonly System[]): void {
  for (const set of groupBy(systems, ({ dataset, isKFold }) => canonicalJson([dataset, isKFold])).values()) {
    checkSameClips(set);
    checkFrontEnds(set);
  }
}

function howOf({ protocol, checkpoint, labelFraction, shots }: System): string {
  const amount = labelFraction !== null ? ` with ${100 * labelFraction} % of labels` : shots !== null ? ` with ${shots} shots` : '';
  return `${protocol}${amount} (${checkpoint})`;
}
