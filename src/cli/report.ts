import type { Command } from 'commander';

/** `audiossl report RUN... [--out DIR] [--json]` */
export function registerReport(program: Command): void {
  program
    .command('report')
    .description('write report.html, .md, .csv and .json about one run or several')
    .argument('<run...>', 'run folders')
    .option('--out <dir>', 'folder for the report (default: RUN/report; with several runs: ./report)')
    .option('--json', 'print the paths as JSON')
    .action(async (dirs: string[], options: { out?: string; json?: boolean }) => {
      const [{ openRun }, { writeReport }] = await Promise.all([import('../run/runFolder.js'), import('../report/writeReport.js')]);
      const runs = [];
      for (const dir of [...new Set(dirs)]) runs.push(await openRun(dir));
      const out = options.out ?? (runs.length === 1 ? runs[0].report : 'report');
      const files = await writeReport({ runs, out, version: program.version() ?? '' });
      process.stdout.write(options.json === true ? `${JSON.stringify(files)}\n` : `${files.html}\n`);
    });
}
