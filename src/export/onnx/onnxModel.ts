import type { Model } from '../../model/loadModel.js';
import { encoderNodes } from './encoderNodes.js';
import { liftToTopNodes, logMelNodes, mirroredNodes, numFramesNodes, preparedNodes } from './logMelNodes.js';
import { OnnxGraph, type Value } from './OnnxGraph.js';

/** What of the model's way the graph goes. */
export type OnnxInput =
  /** Raw log-mel patches `log_mel` `[batch, time, mel]` -> `embedding` `[batch, dim]`. */
  | 'logMel'
  /** Clips `samples` `[batch, samples]` -> `embedding` `[batch, dim]`, the mean over the patches of the grid, and `patches` `[batch, patches, dim]`. */
  | 'waveform'
  /** As `waveform`, rows of length 1. */
  | 'unitWaveform'
  /**
   * A stretch of one prepared clip `samples` `[samples]` float64 and the numbers of the frames of each patch `frames` `[patches, time]`,
   * which start a hop apart -> `embedding` `[patches, dim]`, with `top_decibels` `loudest` and `lowest` beside it.
   */
  | 'frames';

/** How the weights stand in the file, for its model card. */
export const onnxForm = 'ONNX (opset 17), float32, batch norm folded';

/** The ONNX file of a model. Throws UsageError for an encoder that has no ONNX form. */
export async function onnxModel(
  model: Model,
  { input, metadata }: { input: OnnxInput; metadata: Record<string, string> },
): Promise<Uint8Array> {
  const graph = new OnnxGraph();
  const encoder = await encoderNodes(graph, model);
  const build = { logMel: fromLogMel, waveform: fromWaveform, unitWaveform: fromWaveform, frames: fromFrames }[input];
  build(graph, model, { ...encoder, isUnit: input === 'unitWaveform' });
  const description = `audiossl ${model.encoder.name}, from ${input === 'logMel' ? 'log-mel patches' : 'samples'} to embeddings`;
  return graph.encode({ name: model.encoder.name, description, metadata });
}

interface EncoderGraph {
  embed: (patches: Value) => Value;
  isFreeInTime: boolean;
  isUnit: boolean;
}

function fromLogMel(graph: OnnxGraph, { frontEnd, patchFrames, encoder }: Model, { embed, isFreeInTime }: EncoderGraph): void {
  const patches = graph.input('log_mel', {
    shape: ['batch', isFreeInTime ? 'time' : patchFrames, frontEnd.nMels],
    description: `raw log-mel of the model's front end, ${patchFrames} frames a patch`,
  });
  graph.output('embedding', embed(patches), { shape: ['batch', encoder.embeddingSize], description: 'embedding of each patch' });
}

function fromWaveform(graph: OnnxGraph, model: Model, { embed, isUnit }: EncoderGraph): void {
  const { frontEnd, patchFrames, patchHop, encoder } = model;
  const dim = encoder.embeddingSize;
  const samples = graph.input('samples', {
    shape: ['batch', 'samples'],
    description: `mono, in [-1, 1], at ${frontEnd.sampleRate} Hz`,
  });
  const { padded, length } = preparedNodes(graph, frontEnd, samples);
  const numFrames = numFramesNodes(graph, frontEnd, length);
  const logMel = liftToTopNodes(graph, frontEnd, logMelNodes(graph, frontEnd, padded, numFrames));

  // The grid: 0, hop, 2 hop ... and the last possible start. What is shorter than a patch is mirrored.
  const spare = graph.node('Sub', [numFrames, graph.integers(patchFrames)]);
  const last = graph.node('Max', [graph.integers(0), spare]);
  const regular = graph.node('Range', [graph.integers(0), last, graph.integers(patchHop)]);
  const starts = graph.node('Concat', [regular, graph.unsqueeze(last, 0)], { axis: 0 });
  const inPatch = graph.constant(
    'patch.frames',
    BigInt64Array.from({ length: patchFrames }, (_, i) => BigInt(i)),
  );
  const frames = mirroredNodes(graph, graph.node('Add', [graph.unsqueeze(starts, 1), inPatch]), numFrames);

  // [batch, frames, mel] -> [batch, patches, patchFrames, mel] -> [batch x patches, patchFrames, mel]
  const patches = graph.node('Gather', [logMel, frames], { axis: 1 });
  const flat = graph.node('Reshape', [patches, graph.integers([-1, patchFrames, frontEnd.nMels])]);
  const size = (axis: number): Value => graph.unsqueeze(graph.size(patches, axis), 0);
  const shape = graph.node('Concat', [size(0), size(1), graph.integers([dim])], { axis: 0 });
  const rows = graph.node('Reshape', [embed(flat), shape]);
  const mean = graph.node('ReduceMean', [rows], { axes: [1], keepdims: 0 });
  graph.output('embedding', isUnit ? graph.node('LpNormalization', [mean], { axis: 1, p: 2 }) : mean, {
    shape: ['batch', dim],
    description: `mean over the patches of each clip${isUnit ? ', of length 1' : ''}`,
  });
  graph.output('patches', rows, {
    shape: ['batch', 'patches', dim],
    description: `embeddings of patches of ${patchFrames} frames, ${patchHop} frames apart, and of the last possible one`,
  });
}

function fromFrames(graph: OnnxGraph, { frontEnd, patchFrames, encoder }: Model, { embed }: EncoderGraph): void {
  const { nFft, hopLength, topDecibels } = frontEnd;
  const samples = graph.input('samples', {
    shape: ['samples'],
    type: 'float64',
    description: `a stretch of a levelled and padded clip at ${frontEnd.sampleRate} Hz, from the first sample of a frame to the last of one`,
  });
  const frames = graph.input('frames', {
    shape: ['patches', patchFrames],
    type: 'int64',
    description: 'frames of each patch, counted from the start of the stretch',
  });
  const spare = graph.node('Sub', [graph.size(samples, 0), graph.integers(nFft)]);
  const numFrames = graph.node('Add', [graph.integers(1), graph.node('Div', [spare, graph.integers(hopLength)])]);
  let logMel = logMelNodes(graph, frontEnd, graph.unsqueeze(samples, 0), numFrames);
  if (topDecibels !== null) {
    graph.output('loudest', graph.node('ReduceMax', [logMel], { keepdims: 0 }), { shape: [], description: 'largest value of the stretch' });
    const lowest = graph.input('lowest', { shape: [], description: `${topDecibels} below the largest value of the clip` });
    logMel = graph.node('Max', [logMel, lowest]);
  }
  const patches = graph.node('Gather', [graph.node('Squeeze', [logMel, graph.integers([0])]), frames]);
  graph.output('embedding', embed(patches), { shape: ['patches', encoder.embeddingSize], description: 'embedding of each patch' });
}
