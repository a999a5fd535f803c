/** A function of many variables at one point. */
export interface Evaluated {
  value: number;
  gradient: Float64Array;
}

/**
 * Minimises a smooth function by L-BFGS (Nocedal & Wright 2006, algorithms 7.4 and 7.5) with a backtracking line search on the Armijo
 * condition; pairs without positive curvature are not kept. Stops when the gradient's norm is below `tolerance` x its norm at the start,
 * when a step gains nothing that the arithmetic can hold, or after `maxIterations`.
 */
export async function minimise(
  start: Float64Array,
  evaluate: (x: Float64Array) => Promise<Evaluated>,
  { maxIterations = 200, tolerance = 1e-4, memory = 10 }: { maxIterations?: number; tolerance?: number; memory?: number } = {},
): Promise<Float64Array> {
  let x: Float64Array = start.slice();
  let here = await evaluate(x);
  const goal = tolerance * norm(here.gradient);
  const pairs: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let iteration = 0; iteration < maxIterations && norm(here.gradient) > goal; iteration++) {
    const direction = descent(here.gradient, pairs);
    const slope = dot(direction, here.gradient);
    // The first step has no scale of its own.
    let step = pairs.length === 0 ? Math.min(1, 1 / norm(here.gradient)) : 1;
    let next: Float64Array | undefined;
    let there = here;
    for (let tries = 0; tries < 25; tries++, step /= 2) {
      next = sum(x, direction, step);
      there = await evaluate(next);
      if (there.value <= here.value + 1e-4 * step * slope) break;
      next = undefined;
    }
    if (next === undefined) break;
    const s = sum(next, x, -1);
    const y = sum(there.gradient, here.gradient, -1);
    const curvature = dot(s, y);
    if (curvature > 1e-12 * norm(s) * norm(y)) {
      pairs.push({ s, y, rho: 1 / curvature });
      if (pairs.length > memory) pairs.shift();
    }
    const gain = here.value - there.value;
    [x, here] = [next, there];
    if (gain < 1e-9 * Math.abs(here.value)) break;
  }
  return x;
}

/** Minus the inverse Hessian, as the kept pairs know it, times the gradient (two-loop recursion). */
function descent(gradient: Float64Array, pairs: readonly { s: Float64Array; y: Float64Array; rho: number }[]): Float64Array {
  const q = gradient.slice();
  const alphas = new Array<number>(pairs.length);
  for (let k = pairs.length - 1; k >= 0; k--) {
    const { s, y, rho } = pairs[k];
    alphas[k] = rho * dot(s, q);
    for (let i = 0; i < q.length; i++) q[i] -= alphas[k] * y[i];
  }
  const last = pairs.at(-1);
  const scale = last ? 1 / (last.rho * dot(last.y, last.y)) : 1;
  for (let i = 0; i < q.length; i++) q[i] *= scale;
  for (let k = 0; k < pairs.length; k++) {
    const { s, y, rho } = pairs[k];
    const beta = rho * dot(y, q);
    for (let i = 0; i < q.length; i++) q[i] += (alphas[k] - beta) * s[i];
  }
  for (let i = 0; i < q.length; i++) q[i] = -q[i];
  return q;
}

/** a + factor b */
function sum(a: Float64Array, b: Float64Array, factor: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) out[i] = a[i] + factor * b[i];
  return out;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}
