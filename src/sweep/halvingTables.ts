import { correlationText, scoreCorrelations } from '../report/scoreCorrelations.js';
import { writeFileAtomic } from '../util/atomicFile.js';
import { type CsvValue, formatCsv } from '../util/csv.js';
import type { SweepRun } from './expandSweep.js';
import type { HalvingScores } from './runHalving.js';
import type { SearchOptions } from './searchSpace.js';
import type { SweepFolder } from './sweepFolder.js';

/** Writes table.csv and table.md: everything that was tried, those that came furthest and then the best of them first. */
export async function writeHalvingTables(
  folder: SweepFolder,
  { runs, search, scores }: { runs: readonly SweepRun[]; search: SearchOptions; scores: HalvingScores },
): Promise<string> {
  const { columns, rows } = halvingTable(runs, search, scores);
  const markdown = [
    `Random search with successive halving: ${runs.length} draws (seed ${search.seed}), judged by ${search.by} on validation after ${search.epochs.join(', ')} epochs; 1 / ${search.keep} go on.`,
    'Patches and minutes are those of the training, all rungs together.',
    '',
    `| ${columns.join(' | ')} |`,
    `|${columns.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${row.map((cell) => String(cell ?? '–').replaceAll('|', '\\|')).join(' | ')} |`),
    '',
    ...correlationLines(search, scores),
  ].join('\n');
  await writeFileAtomic(folder.tableCsv, formatCsv(columns, rows));
  await writeFileAtomic(folder.tableMarkdown, markdown);
  return markdown;
}

/** How far scores without labels put the runs of a rung in the order of their accuracy; nothing for under three of them. */
function correlationLines({ epochs }: Pick<SearchOptions, 'epochs'>, scores: HalvingScores): string[] {
  return epochs.flatMap((epoch) => {
    const known = Object.values(scores[epoch] ?? {}).flatMap(({ accuracy, scores = {} }) =>
      accuracy === undefined ? [] : [{ accuracy, scores }],
    );
    const text = correlationText(scoreCorrelations(known));
    return text === '' ? [] : [`Spearman’s correlation of label-free scores with the macro accuracy after ${epoch} epochs: ${text}.`, ''];
  });
}

export function halvingTable(
  runs: readonly SweepRun[],
  { epochs, space, by }: Pick<SearchOptions, 'epochs' | 'space' | 'by'>,
  scores: HalvingScores,
): { columns: string[]; rows: CsvValue[][] } {
  const keys = Object.keys(space);
  const entries = runs.map((run) => {
    const own = epochs.map((epoch) => scores[epoch]?.[run.name]);
    const judged = own.filter((score) => score !== undefined);
    return { run, own, reached: judged.length, last: judged.at(-1) };
  });
  entries.sort(
    (a, b) => b.reached - a.reached || (b.last?.score ?? Number.NEGATIVE_INFINITY) - (a.last?.score ?? Number.NEGATIVE_INFINITY) || 0,
  );
  return {
    columns: ['run', 'seed', ...keys, ...epochs.map((epoch) => `${by} at ${epoch}`), 'patches', 'minutes', 'error'],
    rows: entries.map(({ run, own, last }) => [
      ...[run.name, run.seed, ...keys.map((key) => cell(run.keys[key]))],
      ...own.map((score) => (typeof score?.score === 'number' ? Number(score.score.toPrecision(5)) : undefined)),
      ...[last?.patches, last?.minutes, last?.error],
    ]),
  };
}

function cell(value: unknown): CsvValue {
  return typeof value === 'string' || typeof value === 'number' ? value : JSON.stringify(value);
}
