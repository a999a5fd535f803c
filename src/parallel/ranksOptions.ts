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
  })
  .prefault({})
  .describe('how several processes (ranks) share a batch; one process has it for itself');
export type RanksOptions = z.infer<typeof ranksOptions>;
