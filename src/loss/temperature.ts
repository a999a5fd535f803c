import { z } from 'zod';

/** Below it float32 keeps no difference between logits. */
export const lowestTemperature = 0.001;

/** A loss's option `temperature`. */
export const temperature = (value: number) => z.number().min(lowestTemperature).default(value).describe('cosines are divided by it');
