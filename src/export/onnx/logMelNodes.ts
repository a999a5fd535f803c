import type { FrontEnd } from '../../audio/frontEnd.js';
import { melFilterBank } from '../../audio/melFilterBank.js';
import { periodicWindow } from '../../audio/window.js';
import type { OnnxGraph, Value } from './OnnxGraph.js';

/*
 * The front end as nodes, in float64 as in src/audio, with our own window and mel bank as constants: ONNX's MelWeightMatrix floors its
 * edges to bins, and its windows are others. The Fourier transform is a product with the sines and cosines of the bins that the bank
 * weighs, which costs less than the encoder and rounds as float64 does.
 */

/** Index into a signal of `length` that is mirrored at both ends, edges not repeated, of `[...]` whole numbers. */
export function mirroredNodes(graph: OnnxGraph, index: Value, length: Value): Value {
  const last = graph.node('Sub', [length, graph.integers(1)]);
  const period = graph.node('Max', [graph.integers(1), graph.node('Mul', [graph.integers(2), last])]);
  const phase = graph.node('Mod', [index, period]);
  return graph.node('Min', [phase, graph.node('Sub', [period, phase])]);
}

/** Clips `[batch, samples]` float32 -> levelled, filled up, offset and padded `[batch, padded]` float64, and their length before the padding. */
export function preparedNodes(graph: OnnxGraph, frontEnd: FrontEnd, samples: Value): { padded: Value; length: Value } {
  const { normalise, headRoom, minSeconds, sampleRate, fill, waveformOffset, center, padMode, nFft } = frontEnd;
  let x = graph.cast(samples, 'float64');
  let length = graph.size(samples, 1);
  if (normalise) {
    const centred = graph.node('Sub', [x, graph.node('ReduceMean', [x], { axes: [1], keepdims: 1 })]);
    const peak = graph.node('ReduceMax', [graph.node('Abs', [centred])], { axes: [1], keepdims: 1 });
    const levelled = graph.node('Div', [centred, graph.node('Add', [peak, graph.float64(headRoom)])]);
    // Between the stages samples are float32, in Node too.
    x = graph.cast(graph.cast(levelled, 'float32'), 'float64');
  }
  const minimum = Math.round(minSeconds * sampleRate);
  if (minimum > 0) {
    const filled = graph.node('Max', [length, graph.integers(minimum)]);
    if (fill === 'repeat') x = graph.node('Gather', [x, graph.node('Mod', [graph.range(filled), length])], { axis: 1 });
    else x = padEnd(graph, x, graph.node('Sub', [filled, length]));
    length = filled;
  }
  if (waveformOffset !== 0) x = graph.node('Add', [x, graph.float64(waveformOffset)]);
  const half = nFft / 2;
  if (!center) {
    const missing = graph.node('Max', [graph.integers(0), graph.node('Sub', [graph.integers(nFft), length])]);
    return { padded: padEnd(graph, x, missing), length };
  }
  if (padMode === 'constant') return { padded: graph.node('Pad', [x, graph.integers([0, half, 0, half])]), length };
  const positions = graph.node('Range', [graph.integers(-half), graph.node('Add', [length, graph.integers(half)]), graph.integers(1)]);
  return { padded: graph.node('Gather', [x, mirroredNodes(graph, positions, length)], { axis: 1 }), length };
}

/** Zeros behind the samples. */
function padEnd(graph: OnnxGraph, x: Value, count: Value): Value {
  const pads = graph.node('Concat', [graph.integers([0, 0, 0]), graph.unsqueeze(count, 0)], { axis: 0 });
  return graph.node('Pad', [x, pads]);
}

/** Number of frames of clips of `length` samples: see numLogMelFrames. */
export function numFramesNodes(graph: OnnxGraph, { center, nFft, hopLength }: FrontEnd, length: Value): Value {
  const spare = center ? length : graph.node('Max', [graph.integers(0), graph.node('Sub', [length, graph.integers(nFft)])]);
  return graph.node('Add', [graph.integers(1), graph.node('Div', [spare, graph.integers(hopLength)])]);
}

/** Prepared samples `[batch, padded]` float64 -> log-mel `[batch, frames, mel]` float32, before `topDecibels`. */
export function logMelNodes(graph: OnnxGraph, frontEnd: FrontEnd, padded: Value, numFrames: Value): Value {
  const { nFft, winLength, hopLength, nMels, power, log, logOffset, logFloor } = frontEnd;
  const bank = melFilterBank(frontEnd);
  const lowBin = Math.min(...bank.firstBin);
  const highBin = Math.max(...bank.endBin);
  const numBins = highBin - lowBin;

  const left = (nFft - winLength) >> 1;
  const inWindow = graph.constant(
    'frontEnd.positions',
    BigInt64Array.from({ length: winLength }, (_, n) => BigInt(left + n)),
  );
  const starts = graph.unsqueeze(graph.node('Mul', [graph.range(numFrames), graph.integers(hopLength)]), 1);
  const frames = graph.node('Gather', [padded, graph.node('Add', [starts, inWindow])], { axis: 1 });

  const spectrum = graph.node('MatMul', [frames, fourierBasis(graph, frontEnd, { lowBin, numBins })]);
  const squares = graph.node('Mul', [spectrum, spectrum]);
  const parts = graph.nodeOfMany('Split', [squares, graph.integers([numBins, numBins])], 2, { axis: -1 });
  const energy = graph.node('Add', parts);

  const weights = new Float64Array(numBins * nMels);
  for (let mel = 0; mel < nMels; mel++) {
    for (let bin = 0; bin < numBins; bin++) weights[bin * nMels + mel] = bank.weights[mel * bank.numBins + lowBin + bin];
  }
  const bins = power === 2 ? energy : graph.node('Sqrt', [energy]);
  let mels = graph.node('MatMul', [bins, graph.constant('frontEnd.melFilterBank', weights, [numBins, nMels])]);
  if (logOffset !== 0) mels = graph.node('Add', [mels, graph.float64(logOffset)]);
  if (logFloor !== 0) mels = graph.node('Max', [mels, graph.float64(logFloor)]);
  const scale = log === 'ln' ? 1 : log === 'log10' ? Math.LOG10E : (power === 2 ? 10 : 20) * Math.LOG10E;
  return graph.cast(graph.node('Mul', [graph.node('Log', [mels]), graph.float64(scale)]), 'float32');
}

/**
 * `[winLength, 2 numBins]`: window[n] cos(2 pi k n / nFft) beside window[n] sin of the same. Made in the graph, from one turn of the
 * circle: runtimes do it once, when they load, and the file stays small.
 */
function fourierBasis(graph: OnnxGraph, frontEnd: FrontEnd, { lowBin, numBins }: { lowBin: number; numBins: number }): Value {
  const { nFft, winLength } = frontEnd;
  const samples = graph.constant(
    'frontEnd.samples',
    BigInt64Array.from({ length: winLength }, (_, n) => BigInt(n)),
    [winLength, 1],
  );
  const bins = graph.constant(
    'frontEnd.bins',
    BigInt64Array.from({ length: numBins }, (_, k) => BigInt(lowBin + k)),
    [1, numBins],
  );
  const turns = graph.node('Mod', [graph.node('Mul', [samples, bins]), graph.integers(nFft)]);
  const window = graph.constant('frontEnd.window', periodicWindow(frontEnd.window, winLength), [winLength, 1]);
  const circle = (name: string, wave: (angle: number) => number): Value => {
    const values = Float64Array.from({ length: nFft }, (_, i) => wave((2 * Math.PI * i) / nFft));
    return graph.node('Mul', [graph.node('Gather', [graph.constant(name, values), turns]), window]);
  };
  return graph.node('Concat', [circle('frontEnd.cosine', Math.cos), circle('frontEnd.sine', Math.sin)], { axis: 1 });
}

/** Nothing lies further than `topDecibels` below the maximum of each clip. */
export function liftToTopNodes(graph: OnnxGraph, { topDecibels }: FrontEnd, logMel: Value): Value {
  if (topDecibels === null) return logMel;
  const top = graph.node('ReduceMax', [logMel], { axes: [1, 2], keepdims: 1 });
  return graph.node('Max', [logMel, graph.node('Sub', [top, graph.constant('frontEnd.topDecibels', Float32Array.of(topDecibels), [])])]);
}
