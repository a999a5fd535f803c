import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { JudgeSweep } from '../report/comparisonReport.js';
import type { MapLayout } from '../report/embeddingMap.js';
import type { SoundPlace } from '../report/wrongClips.js';

/** `audiossl report RUN... [--out DIR] [--json]`; the folder of a sweep, or everything in it, stands for its runs. */
export function registerReport(program: Command): void {
  program
    .command('report')
    .description('write report.html, .md, .csv, .json, log.csv and maps.csv about one run, or about several and how they compare')
    .argument('<run...>', 'run folders; the folder of a sweep stands for its runs')
    .option('--out <dir>', 'folder for the report (default: RUN/report; of a sweep: SWEEP/report; with several runs: ./report)')
    .addOption(
      new Option(
        '--sounds <how>',
        "of the wrong clips in one run's report: embed 24 of them in the page, the first 10 s of longer ones, 8 MiB in all; link to where they lie; none",
      )
        .choices(['embed', 'link', 'none'])
        .default('embed'),
    )
    .addOption(
      new Option('--map <how>', 'maps of embeddings: principal components, or UMAP, which takes some seconds a map')
        .choices(['pca', 'umap'])
        .default('pca'),
    )
    .option('--paper', "the paper's tables and claims beside the runs, whatever the data (default: where they are FSDnoisy18k)")
    .option('--tensorboard <dir>', 'write the logs as event files as well, a folder a run, for tensorboard --logdir')
    .option('--json', 'print the paths as JSON')
    .action(
      async (
        dirs: string[],
        options: { out?: string; paper?: boolean; sounds?: SoundPlace; map?: MapLayout; tensorboard?: string; json?: boolean },
      ) => {
        const [{ openRun }, { writeReport }] = await Promise.all([import('../run/runFolder.js'), import('../report/writeReport.js')]);
        const { findRuns } = await import('../run/findRuns.js');
        const { withPresentDefaults } = await import('../config/withPresentDefaults.js');
        const { runDirs, sweep, leftOut } = await findRuns(dirs);
        if (leftOut.length > 0) process.stderr.write(`report: no runs, left out: ${leftOut.join(', ')}\n`);
        const runs = [];
        for (const dir of runDirs) runs.push(await openRun(dir));
        const out = options.out ?? (sweep !== undefined ? join(sweep, 'report') : runs.length === 1 ? runs[0].report : 'report');
        const files = await writeReport({
          ...(sweep !== undefined && (await fromSweep(sweep))),
          ...{ runs, out, tensorboard: options.tensorboard, isPaperShown: options.paper, sounds: options.sounds, layout: options.map },
          completeConfig: withPresentDefaults,
          version: program.version() ?? '',
        });
        process.stdout.write(options.json === true ? `${JSON.stringify(files)}\n` : `${files.html}\n`);
      },
    );
}

/** What a sweep's own file says of its runs: names of systems by run folder, and how the claims that it makes are judged. */
async function fromSweep(sweep: string): Promise<{ variants?: Map<string, string>; judgeSweep?: JudgeSweep }> {
  const [{ readPlan, withConfigs }, { sweepFolder }] = await Promise.all([
    import('../sweep/sweepPlan.js'),
    import('../sweep/sweepFolder.js'),
  ]);
  const folder = sweepFolder(sweep);
  const plan = await readPlan(folder);
  if (plan === undefined) return {};
  // Of a variant that goes through a grid the name alone does not tell one system from another.
  const named = plan.runs.flatMap(({ name, variant, keys }): [string, string][] =>
    variant === undefined || Object.keys(keys).length > 0 ? [] : [[folder.run(name), variant]],
  );
  const variants = new Map(named);
  if (plan.claims.length === 0) return { variants };
  const [{ collectResults }, { judgeClaims }] = await Promise.all([
    import('../sweep/collectResults.js'),
    import('../sweep/judgeClaims.js'),
  ]);
  const judgeSweep: JudgeSweep = async (reports, predictionsOf) => {
    const byDir = new Map(reports.map((report) => [resolve(report.dir), report]));
    const runs = withConfigs(folder, plan.runs);
    const { results } = await collectResults(folder, runs, { known: (dir) => byDir.get(resolve(dir)) });
    return judgeClaims(plan.claims, { folder, runs, results, predictionsOf });
  };
  return { variants, judgeSweep };
}
