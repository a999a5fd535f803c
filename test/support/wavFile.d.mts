export function wav(numSamples: number, sampleAt: (n: number) => number, sampleRate?: number): Uint8Array;
