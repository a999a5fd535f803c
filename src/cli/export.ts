import { type Command, Option } from 'commander';
import type { ExportOptions } from '../export/exporter.js';
import { type ExportFormatName, exportFormatNames, exportFormats } from '../export/exportFormats.js';
import type { Progress } from '../util/progress.js';

interface ExportCommandOptions extends ExportOptions {
  model: string;
  format: ExportFormatName;
  out: string;
  checkpoint?: string;
  json?: boolean;
}

/** `audiossl export --model RUN --format FORMAT --out PATH`: an encoder for other people's tools. */
export function registerExport(program: Command): void {
  program
    .command('export')
    .description("write a trained encoder, or embeddings that it made, in another program's format")
    .requiredOption('--model <run>', 'run folder or .safetensors file')
    .addOption(new Option('--format <name>', 'see below').choices(exportFormatNames).makeOptionMandatory())
    .requiredOption('--out <path>', 'file or folder to write; a folder must be new or empty')
    .option('--checkpoint <which>', 'of a run: best, last, whitened or the path of a file (default: best)')
    .option('--waveform', 'onnx: put the front end into the graph, so that it takes samples and gives one embedding a clip')
    .option('--half', 'audiossl: float16 in place of float32')
    .option('--embeddings <file>', 'hoplite, web: .npz or .npy that audiossl embed made with this model; for hoplite best --per window')
    .option('--audio <dir>', 'hoplite, web: the folder of these recordings, to play them; web copies them')
    .option('--probe <file>', "web: classifier that audiossl evaluate --keep-probe kept (default: the run's own, of train)")
    .option('--data <dir>', 'the recordings trained on, whose number and licences the model card tells')
    .option('--transfer <dir>', 'the --out of audiossl transfer, whose figures the model card tells')
    .option('--json', 'print what was written as JSON')
    .addHelpText(
      'after',
      `\nWith each comes a model card: FILE.md beside a file, card.md in a folder.\n\nFormats:\n${exportFormatNames.map((name) => `  ${name.padEnd(12)} ${exportFormats[name].description}`).join('\n')}`,
    )
    .action(async ({ model: from, format, out, checkpoint, json, ...options }: ExportCommandOptions) => {
      const [{ checkExport, exportModel }, { interruptible }, { withModel }, { createProgress }] = await Promise.all([
        import('../export/exportModel.js'),
        import('./interruptible.js'),
        import('./withSubject.js'),
        import('../util/progress.js'),
      ]);
      await checkExport(format, out, options);
      let progress: Progress | undefined;
      const onProgress = (done: number, total: number) => {
        progress ??= createProgress({ label: 'Exporting', total, unit: 'rows' });
        progress.update(done);
      };
      const written = await interruptible((signal) =>
        // Nothing is computed: the backend that is there everywhere will do.
        withModel(from, { checkpoint, backend: { backend: 'cpu' } }, ({ model }) =>
          exportModel({ model, format, out, options, onProgress, signal }),
        ),
      ).finally(() => progress?.finish());
      process.stdout.write(json ? `${JSON.stringify({ out, format, written })}\n` : `${out}: ${written}\n`);
    });
}
