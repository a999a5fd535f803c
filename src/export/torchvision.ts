import { UsageError } from '../util/errors.js';
import { type SafetensorsTensor, saveSafetensors } from '../util/safetensors.js';
import type { Exporter } from './exporter.js';
import { modelCardPath, weightsOfFile, writeModelCard } from './modelCard.js';
import { FACTS_KEY, modelFacts } from './modelFacts.js';
import { readWeights } from './onnx/encoderWeights.js';

/**
 * The encoder as the state dict of torchvision's `resnet18()` with one input channel and without `fc`: bare names, PyTorch's layout, with the
 * `num_batches_tracked` that `load_state_dict(strict=True)` asks for. The front end and the standardisation of the patches that it takes
 * stand in the file's metadata under `audiossl`.
 */
export const exportTorchvision: Exporter = async ({ model, out, options: { data, transfer } }) => {
  if (model.encoder.name !== 'resnet18') {
    throw new UsageError(`export: torchvision has a network for resnet18 alone, the model is ${model.encoder.name}; use --format onnx`);
  }
  const { width = 64, pooling = 'mean' } = model.metadata.encoder;
  if (width !== 64 || (pooling !== 'mean' && pooling !== 'lastTwo')) {
    throw new UsageError(
      `export: torchvision's resnet18 has encoder.width 64 and encoder.pooling mean, the model has ${width} and ${pooling}; use --format onnx`,
    );
  }
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, values] of await readWeights(model.parameters)) {
    tensors.set(name, { dtype: 'F32', ...values });
    const counter = name.replace(/running_mean$/, 'num_batches_tracked');
    if (counter !== name) tensors.set(counter, { dtype: 'I64', shape: [], data: BigInt64Array.of(BigInt(model.metadata.step)) });
  }
  await saveSafetensors(out, { tensors, metadata: { format: 'pt', [FACTS_KEY]: JSON.stringify(modelFacts(model)) } });
  const path = modelCardPath(out);
  await writeModelCard({ model, path, weights: await weightsOfFile(out, "float32, torchvision's names"), data, transfer });
  const isMore = pooling === 'lastTwo' || model.whitening !== undefined;
  const rest = isMore ? ', which gives the mean of layer4 before what this model makes of it (--format onnx has all)' : '';
  return `${tensors.size} tensors of torchvision's resnet18 with one input channel and no fc${rest}; model card ${path}`;
};
