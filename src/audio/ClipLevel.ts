import { AudiosslError } from '../util/errors.js';
import { frontEndAddon } from './frontEndAddon.js';

const smallest = 8;
const largest = 9;
const count = 10;

/** Mean and peak of a clip, which may come block by block: the same bits however it is cut. */
export class ClipLevel {
  /** Eight partial sums, of which TypeScript uses the first; extremes; number of samples. */
  private readonly state = Float64Array.of(0, 0, 0, 0, 0, 0, 0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0);

  add(samples: Float32Array): void {
    const addon = frontEndAddon();
    if (addon) addon.addToLevel(this.state, samples);
    else addInTypeScript(this.state, samples);
  }

  get numSamples(): number {
    return this.state[count];
  }

  get mean(): number {
    return this.state.subarray(0, smallest).reduce((sum, part) => sum + part, 0) / this.numSamples;
  }

  /** max |x - mean| */
  get peak(): number {
    return Math.max(0, this.state[largest] - this.mean, this.mean - this.state[smallest]);
  }
}

function addInTypeScript(state: Float64Array, samples: Float32Array): void {
  let sum = state[0];
  let low = state[smallest];
  let high = state[largest];
  for (let i = 0; i < samples.length; i++) {
    const x = samples[i];
    sum += x;
    if (x < low) low = x;
    if (x > high) high = x;
  }
  state[0] = sum;
  state[smallest] = low;
  state[largest] = high;
  state[count] += samples.length;
}

/** (x - mean) / (peak + headRoom) of a clip's samples, or of a block of them; 0 where that divides by 0. Throws AudiosslError for 0 samples. */
export function normaliseTo(level: ClipLevel, samples: Float32Array, { headRoom = 0.005 }: { headRoom?: number } = {}): Float32Array {
  if (level.numSamples === 0) throw new AudiosslError('normaliseClip: at least 1 sample is needed, got 0');
  const { mean, peak } = level;
  const divisor = peak + headRoom;
  const out = new Float32Array(samples.length);
  const addon = frontEndAddon();
  if (divisor === 0) return out;
  if (addon) addon.normalise(samples, mean, divisor, out);
  else for (let i = 0; i < samples.length; i++) out[i] = (samples[i] - mean) / divisor;
  return out;
}
