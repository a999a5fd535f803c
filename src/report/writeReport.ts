import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { RunFolder } from '../run/runFolder.js';
import { writeFileAtomic } from '../util/atomicFile.js';
import { AudiosslError } from '../util/errors.js';
import { makeFolder } from '../util/makeFolder.js';
import { type CollectOptions, collectRun, type RunReport } from './collectRun.js';
import { compareRuns, type JudgeSweep } from './comparisonReport.js';
import { csvReport } from './csvReport.js';
import type { MapLayout } from './embeddingMap.js';
import { mostRunsInFull } from './html/comparisonSections.js';
import { reportPage } from './html/page.js';
import { jsonReport } from './jsonReport.js';
import { logCsv } from './logCsv.js';
import { mapsCsv } from './mapsCsv.js';
import { markdownReport } from './markdownReport.js';
import type { ReportContent } from './reportContent.js';
import { type SoundPlace, wrongClips } from './wrongClips.js';

export interface ReportFiles {
  json: string;
  csv: string;
  markdown: string;
  html: string;
  /** The logs as a table: a row a step, an epoch and a look. */
  log: string;
  /** The points of the maps of embeddings, where there are any. */
  maps: string | undefined;
}

/**
 * Writes report.json, report.csv, report.md, the self-contained report.html, log.csv and, where there are maps, maps.csv about one run or several into `out`.
 * Everything is read from the run folders; nothing is written when one of them is broken.
 * @param version of audiossl, for the head of the page
 */
export async function writeReport({
  runs,
  out,
  version,
  isPaperShown,
  judgeSweep,
  variants,
  sounds = 'embed',
  layout,
  completeConfig,
  tensorboard,
  now = new Date(),
}: {
  runs: readonly RunFolder[];
  out: string;
  version: string;
  /** The paper's tables and claims beside the own systems; default: where the data are the paper's. */
  isPaperShown?: boolean;
  /** Judges the claims of the sweep whose runs these are; asked once the runs are read. */
  judgeSweep?: JudgeSweep | undefined;
  /** Names of systems by run folder, where a sweep file gives some. */
  variants?: ReadonlyMap<string, string> | undefined;
  /** Of the wrong clips of a single run: inside the page (short, some 10 MB at most), from where they lie, or not at all. */
  sounds?: SoundPlace;
  /** Of the maps of embeddings. */
  layout?: MapLayout | undefined;
  completeConfig?: CollectOptions['completeConfig'];
  /** Folder for event files of the logs, a folder a run, for TensorBoard. */
  tensorboard?: string;
  now?: Date;
}): Promise<ReportFiles> {
  if (runs.length === 0) throw new AudiosslError('writeReport: needs at least one run, got none');
  const collected: RunReport[] = [];
  // A map of embeddings takes a second: only for runs that are shown in full.
  for (const run of runs) collected.push(await collectRun(run, { hasMaps: runs.length <= mostRunsInFull, layout, completeConfig }));
  const reports = withDistinctNames(collected);
  const comparison =
    reports.length > 1 ? await compareRuns(reports, { isPaperShown, judgeSweep, variants: byName(reports, variants), layout }) : undefined;
  const wrong = reports.length === 1 ? await wrongClips(reports[0], { out, sounds }) : undefined;
  const content: ReportContent = { runs: reports, comparison, wrong, time: now.toISOString(), version };
  const maps = mapsCsv(content);
  const mapsFile = join(out, 'maps.csv');
  const files: ReportFiles = {
    json: join(out, 'report.json'),
    csv: join(out, 'report.csv'),
    markdown: join(out, 'report.md'),
    html: join(out, 'report.html'),
    log: join(out, 'log.csv'),
    maps: maps === undefined ? undefined : mapsFile,
  };
  const texts = [
    [files.json, jsonReport(content)],
    [files.csv, csvReport(content)],
    [files.markdown, markdownReport(content)],
    [files.html, reportPage(content)],
    [files.log, logCsv(content)],
  ];
  await makeFolder(out);
  for (const [path, text] of texts) await writeFileAtomic(path, text);
  if (maps !== undefined) await writeFileAtomic(mapsFile, maps);
  // Of an earlier report that had some.
  else await rm(mapsFile, { force: true });
  if (tensorboard !== undefined) {
    const { writeEventFile } = await import('./writeEventFile.js');
    for (const run of reports) await writeEventFile(run, join(tensorboard, folderName(run.name)));
  }
  return files;
}

function byName(runs: readonly RunReport[], variants: ReadonlyMap<string, string> = new Map()): Map<string, string> {
  return new Map(
    runs.flatMap(({ name, dir }): [string, string][] => {
      const variant = variants.get(resolve(dir));
      return variant === undefined ? [] : [[name, variant]];
    }),
  );
}

/** Folders of the same name are told apart by their whole path. */
function withDistinctNames(runs: RunReport[]): RunReport[] {
  const count = (name: string) => runs.filter((run) => run.name === name).length;
  return runs.map((run) => (count(run.name) > 1 ? { ...run, name: run.dir } : run));
}

/** A run of a name that others have too is called by its path. */
function folderName(name: string): string {
  return name.replace(/^(?:\.*[/\\])+/, '').replaceAll(/[/\\:]+/g, '-');
}
