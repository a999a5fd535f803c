import { z } from 'zod';
import { scoresOfLook } from '../report/scoreCorrelations.js';
import { readLog } from '../run/readLog.js';
import { readTextIfThere } from '../run/readTextIfThere.js';
import { runFolder } from '../run/runFolder.js';
import { writeFileAtomic } from '../util/atomicFile.js';
import { AudiosslError } from '../util/errors.js';
import type { PlannedRun } from './expandSweep.js';
import { findEvaluation } from './runState.js';
import { runSweep, type StageRunner, type SweepEvents } from './runSweep.js';
import type { SearchOptions } from './searchSpace.js';
import type { SweepFolder } from './sweepFolder.js';

const rungScore = z.strictObject({
  score: z.number().nullable().describe('larger = better; null: the run failed, or its score is not finite'),
  error: z.string().optional(),
  patches: z.number().min(0).describe('trained on so far, all views counted'),
  minutes: z.number().min(0).describe('of training so far'),
  accuracy: z.number().optional().describe('macro accuracy of the first evaluation, where there is one'),
  scores: z.record(z.string(), z.number().nullable()).optional().describe('label-free ones of the look at the weights evaluated'),
});
/** Of each rung, by its epochs, the score of each run, by its name. */
const journal = z.strictObject({
  schemaVersion: z.literal(1),
  by: z.string(),
  rungs: z.record(z.string(), z.record(z.string(), rungScore)),
});
export type RungScore = z.infer<typeof rungScore>;
export type HalvingScores = z.infer<typeof journal>['rungs'];

/**
 * Successive halving: every run trains until the first rung's epochs and is judged on validation, the better 1 / keep go on to the next,
 * from where they stopped. What was judged stands in search.json and is not judged again: a stopped search goes on where it was. A run that
 * fails is out, and is told with its error.
 */
export async function runHalving({
  folder,
  runs,
  search,
  jobs,
  runStage,
  signal,
  onRung,
  ...events
}: {
  folder: SweepFolder;
  runs: readonly PlannedRun[];
  search: SearchOptions;
  jobs: number;
  runStage: StageRunner;
  signal?: AbortSignal;
  /** A rung begins. */
  onRung?: (epochs: number, runs: readonly PlannedRun[]) => void;
} & SweepEvents): Promise<HalvingScores> {
  const scores = await readHalving(folder, search);
  let going = [...runs];
  // Runs end while others are being judged: one write after the other, each of all that is known by then.
  let written: Promise<void> = Promise.resolve();
  const writeScores = () => {
    const text = () => `${JSON.stringify({ schemaVersion: 1, by: search.by, rungs: scores }, null, 2)}\n`;
    written = written.then(() => writeFileAtomic(folder.search, text()));
    return written;
  };
  for (const epochs of search.epochs) {
    const ofRung = scores[epochs] ?? {};
    scores[epochs] = ofRung;
    const missing = going.filter(({ name }) => ofRung[name] === undefined);
    if (missing.length > 0) {
      onRung?.(epochs, going);
      await runSweep({
        ...{ folder, runs: missing, jobs, runStage, signal, untilEpoch: epochs, ...events },
        async onRunEnd(run, end) {
          ofRung[run.name] = await judge(folder, run, { epochs, search, error: end.errors[0] });
          await writeScores();
          await events.onRunEnd?.(run, end);
        },
      });
      signal?.throwIfAborted();
    }
    going = survivors(going, ofRung, search.keep);
  }
  return scores;
}

/** Scores that an earlier start of the search has left; none at first. Throws AudiosslError where they are by another score. */
export async function readHalving(folder: SweepFolder, { by }: Pick<SearchOptions, 'by'>): Promise<HalvingScores> {
  const text = await readTextIfThere(folder.search);
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = journal.safeParse(value);
  if (!parsed.success)
    throw new AudiosslError(`sweep: ${folder.search} must be as the search wrote it; delete it, and the runs are judged anew`);
  if (parsed.data.by !== by)
    throw new AudiosslError(
      `sweep: ${folder.search} has scores by ${parsed.data.by}, the sweep file asks for ${by}; take another --out, or delete it`,
    );
  return parsed.data.rungs;
}

/** The best 1 / keep of the runs that have a score, one at least; of equal scores the earlier draws. */
export function survivors<T extends { name: string }>(
  runs: readonly T[],
  scores: Record<string, Pick<RungScore, 'score'>>,
  keep: number,
): T[] {
  const judged = runs.flatMap((run) => {
    const score = scores[run.name]?.score;
    return typeof score === 'number' ? [{ run, score }] : [];
  });
  const best = [...judged].sort((a, b) => b.score - a.score).slice(0, Math.max(1, Math.floor(runs.length / keep)));
  return judged.filter((entry) => best.includes(entry)).map(({ run }) => run);
}

async function judge(
  folder: SweepFolder,
  run: PlannedRun,
  { epochs, search: { by }, error }: { epochs: number; search: SearchOptions; error: string | undefined },
): Promise<RungScore> {
  const paths = runFolder(folder.run(run.name));
  const log = await readLog(paths.log);
  const seconds = log.epochs.reduce((sum, epoch) => sum + (epoch.seconds ?? 0), 0);
  const patches = Math.round(log.epochs.reduce((sum, epoch) => sum + (epoch.patchesPerSecond ?? 0) * (epoch.seconds ?? 0), 0));
  const cost = { patches, minutes: Number((seconds / 60).toFixed(2)) };
  if (error !== undefined) return { score: null, error, ...cost };
  const [evaluation] = run.evaluations;
  const record = evaluation && (await findEvaluation(paths, evaluation, { seed: run.seed, options: run.config.evaluation }));
  const evaluated = record && {
    accuracy: record.clipMacroAccuracy,
    scores: scoresOfLook(log.monitors.find(({ epoch }) => epoch === record.checkpointEpoch)),
  };
  if (by === 'accuracy') return { score: record?.clipMacroAccuracy ?? null, ...cost, ...evaluated };
  // Of a run that stopped early the last one.
  const look = log.monitors.filter((record) => record.epoch <= epochs).at(-1);
  const value = {
    effectiveRank: look?.effectiveRank,
    alignmentUniformity: look?.alignmentPlusUniformity,
    validationLoss: look?.validationLoss,
  }[by];
  return { score: typeof value !== 'number' ? null : by === 'effectiveRank' ? value : -value, ...cost, ...evaluated };
}
