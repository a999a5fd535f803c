import { z } from 'zod';

/** A loss's option `temperature`. Below 0.001 float32 keeps no difference between logits. */
export const temperature = (value: number) => z.number().min(0.001).default(value).describe('cosines are divided by it');
