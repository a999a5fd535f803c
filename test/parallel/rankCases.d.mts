export const cases: Record<string, object>;
export const SUM_SHAPES: number[][];
export function summands(rank: number, shapes: readonly number[][]): Float32Array[];
