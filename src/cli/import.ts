import type { Command } from 'commander';
import type { EncoderInput } from '../model/importTorchvision.js';
import { UsageError } from '../util/errors.js';
import { sayNext } from './sayNext.js';

interface ImportOptions {
  weights: string;
  out: string;
  like?: string;
  features?: string;
  prefix?: string;
  json?: boolean;
}

/** `audiossl import --weights FILE --out MODEL`: a ResNet-18 that was trained elsewhere. */
export function registerImport(program: Command): void {
  program
    .command('import')
    .description("make a model of ours from a ResNet-18 under torchvision's names that was trained elsewhere, or comes back from export")
    .requiredOption(
      '--weights <file>',
      'safetensors; in PyTorch: safetensors.torch.save_file({k: v.contiguous() for k, v in net.state_dict().items()}, FILE)',
    )
    .requiredOption('--out <file>', 'the .safetensors to write, for embed, evaluate, train.initialise and all that take a model')
    .option(
      '--like <model>',
      'run or model whose front end, patches and standardisation it is fed with (default: what export wrote into the file)',
    )
    .option('--features <store>', 'instead: the front end of a feature store, standardised by its clips, and patches of the default length')
    .option('--prefix <text>', 'what stands before every name, such as backbone.; tensors without it are left out')
    .option('--json', 'print what was made as JSON')
    .action(async ({ weights, out, like, features, prefix, json }: ImportOptions) => {
      if (like !== undefined && features !== undefined)
        throw new UsageError('import: --like and --features both say what it is fed with; give one');
      if (!out.endsWith('.safetensors')) throw new UsageError(`import: --out must be a .safetensors file, got ${out}`);
      const [{ importTorchvision }, { pickBackend }] = await Promise.all([
        import('../model/importTorchvision.js'),
        import('./backendOptions.js'),
      ]);
      await pickBackend({ backend: 'cpu' }); // only shapes are asked of it
      const input = like !== undefined ? await inputOfModel(like) : features === undefined ? undefined : await inputOfStore(features);
      const { width, numValues, notes } = await importTorchvision({ weights, out, input, prefix });
      const said = [`resnet18 of width ${width}, ${numValues.toLocaleString('en')} values`, ...notes].join('; ');
      process.stdout.write(json ? `${JSON.stringify({ out, width, numValues, notes })}\n` : `${out}: ${said}\n`);
      if (!json) sayNext(['embed', '--model', out, '--in', 'recordings', '--out', 'embeddings.npz']);
    });
}

async function inputOfModel(like: string): Promise<EncoderInput> {
  const [{ loadCheckpoint }, { findCheckpoint }] = await Promise.all([
    import('../model/checkpoint.js'),
    import('../model/findCheckpoint.js'),
  ]);
  const { frontEnd, patchFrames, patchHop, standardisation } = (await loadCheckpoint(findCheckpoint(like, undefined).path)).metadata;
  return { frontEnd, patchFrames, patchHop, standardisation };
}

async function inputOfStore(features: string): Promise<EncoderInput> {
  const [{ FeatureStore }, { loadConfig }] = await Promise.all([import('../data/FeatureStore.js'), import('../config/loadConfig.js')]);
  const { patchFrames, patchHop, standardisation: axes } = loadConfig({ overrides: [], command: 'pretrain' }).data;
  const store = await FeatureStore.open(features);
  try {
    const standardisation = await store.statistics([...store.clips.keys()], { standardisation: axes });
    return { frontEnd: { ...store.frontEnd }, patchFrames, patchHop, standardisation };
  } finally {
    await store.close();
  }
}
