/**
 * Memory layouts of weights. tfjs: convolutions HWIO [height, width, in, out], linear and GRU matrices [in, out].
 * PyTorch, and so our files: OIHW [out, in, height, width] and [out, in]. Everything of rank 0, 1 and 3 is the same in both.
 */
export interface Values {
  shape: number[];
  data: Float32Array;
}

const toTorch: Record<number, number[]> = { 2: [1, 0], 4: [3, 2, 0, 1] };
const toTfjs: Record<number, number[]> = { 2: [1, 0], 4: [2, 3, 1, 0] };

/** Values of axes reordered: `result.shape[i] = shape[order[i]]`. Rank 1 to 4; the result is in row-major order. */
export function permuteAxes({ shape, data }: Values, order: readonly number[]): Values {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const sizes = order.map((axis) => shape[axis]);
  const steps = order.map((axis) => strides[axis]);
  while (steps.length < 4) steps.unshift(0);
  const [n0, n1, n2, n3] = [...Array<number>(4 - sizes.length).fill(1), ...sizes];
  const [s0, s1, s2, s3] = steps;
  const out = new Float32Array(data.length);
  let next = 0;
  for (let a = 0; a < n0; a++) {
    for (let b = 0; b < n1; b++) {
      for (let c = 0; c < n2; c++) {
        let from = a * s0 + b * s1 + c * s2;
        for (let d = 0; d < n3; d++, from += s3) out[next++] = data[from];
      }
    }
  }
  return { shape: sizes, data: out };
}

/** Only what PyTorch calls weight (`conv1.weight`, `gru.weight_ih_l0`), and the optimiser's values under the same name, has two layouts. */
function hasTwoLayouts(name: string, rank: number): boolean {
  return (rank === 2 || rank === 4) && name.slice(name.lastIndexOf('.') + 1).startsWith('weight');
}

/** tfjs's layout -> PyTorch's, by rank and name. */
export function toTorchLayout(name: string, values: Values): Values {
  return hasTwoLayouts(name, values.shape.length) ? permuteAxes(values, toTorch[values.shape.length]) : values;
}

/** PyTorch's layout -> tfjs's, by rank and name. */
export function toTfjsLayout(name: string, values: Values): Values {
  return hasTwoLayouts(name, values.shape.length) ? permuteAxes(values, toTfjs[values.shape.length]) : values;
}

/** Shape in tfjs's layout of what has this one in PyTorch's. */
export function tfjsShape(name: string, shape: readonly number[]): number[] {
  return hasTwoLayouts(name, shape.length) ? toTfjs[shape.length].map((axis) => shape[axis]) : [...shape];
}
