import { AudiosslError, UsageError } from '../util/errors.js';
import { chooseSettings } from './chooseSettings.js';
import type { ChosenSettings } from './chosenSettings.js';
import { collectResults } from './collectResults.js';
import type { SweepFile } from './sweepFile.js';
import { sweepFolder } from './sweepFolder.js';
import { readPlan, withConfigs } from './sweepPlan.js';

/** What the sweep in a folder chose. Throws UsageError where there is none, and AudiosslError where its runs are not complete. */
export async function readSettings(dir: string): Promise<ChosenSettings> {
  const folder = sweepFolder(dir);
  const plan = await readPlan(folder);
  const refuse = (what: string): never => {
    throw new UsageError(`sweep: --settings needs the folder of a sweep that tried several settings of its variants, ${dir} ${what}`);
  };
  if (plan === undefined) return refuse('has no sweep.yaml');
  const { results } = await collectResults(folder, withConfigs(folder, plan.runs));
  const { settings, missing } = chooseSettings(plan.runs, results);
  if (settings === undefined) return refuse('evaluates none on validation');
  if (missing.length > 0)
    throw new AudiosslError(
      `sweep: --settings ${dir}: ${missing.length} of its systems lack runs (${missing[0]}), so that nothing is chosen yet; give that sweep's command again`,
    );
  if (settings.variants.length === 0) return refuse('tried one at most of each');
  return { ...settings, from: dir };
}

/** What of it is for the variants of a file. Throws UsageError where that is nothing. */
export function chosenFor({ file, sweep, placeOf }: SweepFile, settings: ChosenSettings): ChosenSettings {
  const names = sweep.variants?.map(({ name }) => name) ?? [];
  const variants = settings.variants.filter(({ name }) => names.includes(name));
  if (variants.length === 0)
    throw new UsageError(
      `sweep: --settings ${settings.from} chose for ${settings.variants.map(({ name }) => name).join(', ')}, ${file} has ${names.length === 0 ? 'no variants' : `other variants (${names.join(', ')})`}`,
    );
  for (const { name, keys } of variants) {
    const twice = Object.keys(keys).find((key) => key in (sweep.grid ?? {}));
    if (twice !== undefined)
      throw new UsageError(
        `${placeOf(['grid', twice])}: ${twice}: --settings ${settings.from} chose it for ${name}; leave one of the two out`,
      );
  }
  return { ...settings, variants };
}
