import { z } from 'zod';

/** How several processes share a batch; the config's key `train.ranks`. */
export const ranksOptions = z
  .strictObject({
    negatives: z
      .enum(['all', 'local'])
      .default('all')
      .describe(
        "whom an anchor is compared with: all = the clips of the whole batch, as one process would; local = those of its own rank's share, which needs no exchange of embeddings",
      ),
    batchNorm: z
      .enum(['synchronised', 'local'])
      .default('synchronised')
      .describe(
        "what batch norm takes its statistics of in training: synchronised = the batch's, as one process would; local = the rank's share",
      ),
    gradientPrecision: z
      .enum(['float32', 'bfloat16'])
      .default('float32')
      .describe(
        "how gradients travel between ranks: bfloat16 = half the bytes, for slow networks; each rank's and their sum, added in float32, are rounded to 8 bits",
      ),
  })
  .prefault({})
  .describe('how several processes (ranks) share a batch; one process has it for itself');
export type RanksOptions = z.infer<typeof ranksOptions>;
