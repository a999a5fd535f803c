import { join } from 'node:path';

/** One command of the quickstart: what it shows, and its arguments as a user would type them after `audiossl`. */
export interface QuickstartStep {
  title: string;
  args: string[];
}

export interface QuickstartStepsOptions {
  /** The bundled recordings, in ESC-50's format. */
  data: string;
  config: string;
  out: string;
  /** Length of the pre-training; the config's own where undefined. */
  epochs: number | undefined;
  /** Options of the backend, passed on to each command that trains or embeds. */
  engine: readonly string[];
  /** The encoder that comes with the package; undefined in a copy without it. */
  model: string | undefined;
}

/**
 * The commands of the quickstart in their order. First what needs no training (in `shipped/`, a folder of its own: `transfer` keeps
 * its features beside its results), then the same by an encoder that goes on from it
 * on the bundled recordings.
 */
export function quickstartSteps({ data, config, out, epochs, engine, model }: QuickstartStepsOptions): QuickstartStep[] {
  const audio = join(data, 'audio');
  const features = join(out, 'features');
  const run = join(out, 'run');
  const length = epochs === undefined ? [] : ['--set', `train.epochs=${epochs}`];
  const shipped = join(out, 'shipped');
  const whitened = ['--checkpoint', 'whitened'];
  return [
    ...(model === undefined
      ? []
      : [
          {
            title: 'an embedding of each recording, by the encoder that comes with audiossl',
            args: ['embed', '--in', audio, '--out', join(shipped, 'embeddings.npz'), ...engine],
          },
          {
            title: 'how well it tells the ten classes, which it was never trained on, beside random weights and log-mel statistics',
            args: [
              ...['transfer', '--model', model, '--data', data, '--out', join(shipped, 'transfer')],
              ...['--shots', 'none', '--random-seeds', '1', ...engine],
            ],
          },
        ]),
    {
      title: `${model === undefined ? '' : 'the same by an encoder of your own (Ctrl+C stops, the same command goes on): '}log-mel features of every recording`,
      args: ['features', '--data', data, '--out', features],
    },
    {
      title: 'an encoder, learnt without labels from folds 1 to 3; its embeddings are whitened at the end',
      args: ['pretrain', '--features', features, '--config', config, '--out', run, '--resume', ...length, ...engine],
    },
    {
      title: 'its nearest neighbours on fold 5',
      args: ['evaluate', run, '--protocol', 'knn', '--split', 'test', ...whitened, ...engine],
    },
    {
      title: 'a linear classifier on the frozen encoder, fold 5, beside what needs no learning',
      args: ['evaluate', run, '--protocol', 'linear', '--split', 'test', '--baselines', ...whitened, ...engine],
    },
    { title: 'the report', args: ['report', run] },
    {
      title: 'an embedding of each recording',
      args: ['embed', '--model', run, ...whitened, '--in', audio, '--out', join(out, 'embeddings.npz'), ...engine],
    },
  ];
}
