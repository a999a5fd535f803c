import { type Command, Option } from 'commander';
import { addBackendOptions } from './backendOptions.js';
import type { ExploreOptions } from './explore/exploreOptions.js';
import { formatOption } from './formatOption.js';
import { modelHelp } from './modelHelp.js';
import { collect, positiveInteger, seedNumber } from './optionParsers.js';

/** `audiossl explore RUN --out DIR`, or of `--embeddings FILE`: a page to look at, listen to and mark what was embedded. */
export function registerExplore(program: Command): void {
  const command = program
    .command('explore')
    .description("write a page with a map of a run's clips, of a folder or of an embedding file: see and hear each recording, search by example, draw around points, mark and save them as csv") // biome-ignore format: one line
    .argument('[run]', `embeds the run's own clips, or those of --data: ${modelHelp}`)
    .requiredOption('--out <dir>', 'folder for index.html, sounds and pictures')
    .option('--embeddings <file>', 'in place of a run: .npz or .npy made by audiossl embed')
    .option('--data <dir>', 'folder of the recordings, or a table in it: to be embedded (default: those of the run); of --embeddings for sounds, labels, splits')
    .addOption(formatOption().default('auto'))
    .option('--features <store>', "feature store to embed (default: the run's own); of --embeddings for log-mel pictures")
    .addOption(
      new Option('--split <name>', "which clips, by the run's split or else the data's own (default: all)").choices([
        'train',
        'validation',
        'test',
        'all',
      ]),
    )
    .option('--checkpoint <which>', 'of a run: best, last, whitened or the path of a file (default: best)')
    .option('--table <file>', 'csv with a column id and others to colour by, such as the labels.csv of a label audit or the predictions of an evaluation (repeatable)', collect, []) // biome-ignore format: one line
    .addOption(
      new Option('--map <name>', 'principal components, or UMAP (about 3 s for 1,000 rows)').choices(['pca', 'umap']).default('pca'),
    )
    .option('--clusters <number>', 'groups of k-means to colour by', positiveInteger, 12)
    .addOption(
      new Option('--sounds <how>', 'copy the recordings beside the page, or play them from where they lie')
        .choices(['copy', 'link', 'none'])
        .default('copy'),
    )
    .option('--seed <number>', 'of UMAP and the clusters', seedNumber, 0)
    .option('--json', 'print the path as JSON');
  addBackendOptions(command).action(async (run: string | undefined, options: ExploreOptions) => {
    const { runExplore } = await import('./explore/runExplore.js');
    const html = await runExplore(run, options, program.version() ?? '');
    process.stdout.write(options.json === true ? `${JSON.stringify({ html })}\n` : `${html}\n`);
  });
}
