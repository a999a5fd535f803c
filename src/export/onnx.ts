import { basename } from 'node:path';
import { writeFileAtomic } from '../util/atomicFile.js';
import type { Exporter } from './exporter.js';
import { modelCardPath, weightsOfBytes, writeModelCard } from './modelCard.js';
import { FACTS_KEY, modelFacts } from './modelFacts.js';
import { onnxForm, onnxModel } from './onnx/onnxModel.js';

/** The encoder, or with `waveform` front end, patches, encoder and mean, as one ONNX file (opset 17) with the model's facts in its metadata. */
export const exportOnnx: Exporter = async ({ model, out, options: { waveform, data, transfer } }) => {
  const bytes = await onnxModel(model, {
    input: waveform ? 'waveform' : 'logMel',
    metadata: { [FACTS_KEY]: JSON.stringify(modelFacts(model)) },
  });
  await writeFileAtomic(out, bytes);
  const path = modelCardPath(out);
  await writeModelCard({ model, path, weights: weightsOfBytes(basename(out), bytes, onnxForm), data, transfer });
  const { frontEnd, encoder } = model;
  const input = waveform ? `samples [batch, samples] at ${frontEnd.sampleRate} Hz` : `log_mel [batch, time, ${frontEnd.nMels}]`;
  return `${encoder.name}, ${input} -> embedding [batch, ${encoder.embeddingSize}]; model card ${path}`;
};
