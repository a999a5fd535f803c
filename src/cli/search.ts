import { type Command, Option } from 'commander';
import { addBackendOptions } from './backendOptions.js';
import { positiveInteger } from './optionParsers.js';
import { sayNext } from './sayNext.js';
import type { SearchCommandOptions } from './search/answerQueries.js';

/** `audiossl search --embeddings FILE --query SOUND|CLIP|ROW... --top K`: which recordings sound like this one. */
export function registerSearch(program: Command): void {
  const command = program
    .command('search')
    .description('find the recordings, patches or windows of an embedding file that are nearest to a sound, by cosine similarity; exact, or by an index') // biome-ignore format: one line
    .requiredOption('--embeddings <file>', '.npz or .npy made by audiossl embed')
    .requiredOption('--query <what...>', 'sound files, ids of recordings in the file, or rows (0, 1 ...)')
    .option('--top <number>', 'results a query', positiveInteger, 10)
    .option('--model <run>', 'what embeds sound files: the run or .safetensors file that made the embeddings (default: the one that comes with audiossl)') // biome-ignore format: one line
    .option('--checkpoint <which>', 'of a run: best, last, whitened or the path of a file (default: best)')
    .option('--self', 'also find the rows of the query itself')
    .addOption(
      new Option('--index <library>', 'answer from an index beside the embeddings, FILE.usearch, built at the first time: most of the nearest rows, quickly; its recall is printed').choices(['usearch']), // biome-ignore format: one line
    )
    .option('--page <dir>', 'write a page there to see and hear what was found')
    .option('--audio <dir>', 'with --page: the folder that was embedded, for sounds and pictures')
    .option('--json', 'print the results as JSON');
  addBackendOptions(command).action(async (options: SearchCommandOptions) => {
    const [
      { readEmbeddings },
      { searchQueries },
      { interruptible },
      { answerQueries },
      { answersAsJson, describeAnswers },
      { preparePage, showOnPage },
    ] = await Promise.all([
      import('../embed/readEmbeddings.js'),
      import('../search/searchQueries.js'),
      import('./interruptible.js'),
      import('./search/answerQueries.js'),
      import('./search/describeAnswers.js'),
      import('./search/showOnPage.js'),
    ]);
    const { page, json } = options;
    await preparePage(options);
    const file = await readEmbeddings(options.embeddings);
    try {
      const queries = await searchQueries(options.query, file);
      const answers = await interruptible((signal) => answerQueries(queries, file, options, signal));
      process.stdout.write((json === true ? answersAsJson : describeAnswers)(queries, answers, file));
      if (page !== undefined) {
        const line = await interruptible((signal) => showOnPage(page, options, answers, { queries, file, signal }));
        process.stderr.write(`search: ${line}\n`);
      } else if (json !== true) sayNext(nextOf(options));
    } finally {
      await file.close();
    }
  });
}

/** The same, to be looked at and listened to. */
function nextOf({ embeddings, query, top, index }: SearchCommandOptions): string[] {
  const asked = ['--embeddings', embeddings, '--query', ...query, '--top', String(top), ...(index === undefined ? [] : ['--index', index])];
  return ['search', ...asked, '--page', 'found', '--audio', 'YOUR_FOLDER'];
}
