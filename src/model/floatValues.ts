import { decodeFloat16 } from '../util/float16.js';
import type { SafetensorsTensor } from '../util/safetensors.js';
import type { Values } from './weightLayout.js';

/** A tensor of floating-point numbers as float32; undefined for another dtype. */
export function floatValues({ dtype, shape, data }: SafetensorsTensor): Values | undefined {
  switch (dtype) {
    case 'F32':
      return { shape, data: data as Float32Array };
    case 'F64':
      return { shape, data: Float32Array.from(data as Float64Array) };
    case 'F16':
      return { shape, data: decodeFloat16(data as Uint16Array) };
    case 'BF16': // the upper half of a float32
      return { shape, data: new Float32Array(Uint32Array.from(data as Uint16Array, (bits) => bits << 16).buffer) };
    default:
      return undefined;
  }
}
