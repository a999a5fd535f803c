import { beforeAll, expect } from 'vitest';

/** Of files that share a process: tensors that one leaves are in the counts of the next. */
const numTensors = () => (globalThis as { _tfengine?: { state: { numTensors: number } } })._tfengine?.state.numTensors ?? 0;
const before = numTensors();

beforeAll(() => () => expect(numTensors() - before, 'tensors left').toBe(0));
