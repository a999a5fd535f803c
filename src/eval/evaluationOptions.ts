import { z } from 'zod';

const positive = z.number().positive();

/** SGD of the linear probe; also the defaults of the authors' linear evaluation. */
export const linearProbeOptions = z
  .strictObject({
    epochs: z.int().min(1).default(200).describe('passes over the training clips, one drawn patch a clip and epoch'),
    batchSize: z.int().min(1).default(128).describe('clips a step'),
    learningRate: positive.default(0.1).describe('before the first milestone'),
    milestones: z.array(z.int().min(1)).default([80, 160]).describe('after these epochs the rate is multiplied by factor'),
    factor: positive.default(0.1).describe('of the learning rate at each milestone'),
    momentum: z.number().min(0).max(0.9999).default(0.9).describe('as PyTorch: v = momentum v + g'),
    weightDecay: z.number().min(0).default(1e-4).describe('added to the gradient of weights and biases'),
    standardise: z
      .boolean()
      .default(true)
      .describe(
        "scale each dimension of h to mean 0 and variance 1 over the training patches; false: h as it is, the authors' way, which leaves the classifier under-fitted after the few hundred steps of a small set",
      ),
  })
  .describe('linear classifier on frozen embeddings');
export type LinearProbeOptions = z.infer<typeof linearProbeOptions>;

/** SGD of fine-tuning, encoder and classifier together; the defaults are the authors'. */
export const finetuneOptions = z
  .strictObject({
    epochs: z.int().min(1).default(200).describe('passes over the training clips, one drawn patch a clip and epoch, not augmented'),
    batchSize: z.int().min(2).default(128).describe('clips a step; a last batch under 8 joins the one before'),
    learningRate: positive.default(0.01).describe('before the first milestone'),
    milestones: z.array(z.int().min(1)).default([80, 160]).describe('after these epochs the rate is multiplied by factor'),
    factor: positive.default(0.1).describe('of the learning rate at each milestone'),
    momentum: z.number().min(0).max(0.9999).default(0.9).describe('as PyTorch: v = momentum v + g'),
    weightDecay: z.number().min(0).default(1e-4).describe('added to the gradient of every trainable value'),
  })
  .describe('encoder and linear classifier trained together on labelled clips, from the pre-trained weights');
export type FinetuneOptions = z.infer<typeof finetuneOptions>;

/** Everything `audiossl evaluate` can be told about its protocols. */
export const evaluationOptions = z
  .strictObject({
    batchSize: z.int().min(1).default(128).describe('patches embedded at once'),
    neighbours: z
      .int()
      .min(1)
      .default(200)
      .describe('K of the nearest-neighbour vote; lowered to the patches that the smallest class has in the bank'),
    linear: linearProbeOptions.prefault({}),
    finetune: finetuneOptions.prefault({}),
    bootstrapDraws: z.int().min(100).default(2000).describe('of the interval of the macro accuracy'),
    compat: z
      .strictObject({
        knn: z
          .boolean()
          .default(false)
          .describe("authors' knn: projections z instead of h, the bank is the evaluated split itself without the clip's own patches"),
        majorityVote: z
          .boolean()
          .default(false)
          .describe(
            'nearest neighbours count 1 each whatever their similarity, K is bounded by the bank alone, a patch has one vote: how the published nearest-neighbour accuracies were counted',
          ),
        probeTrainMode: z
          .boolean()
          .default(false)
          .describe("authors' linear evaluation: the frozen encoder runs in training mode, its batch-norm statistics drift; slow"),
      })
      .prefault({})
      .describe("ways of the authors' code that differ from good practice"),
  })
  .describe('how encoders are evaluated');
export type EvaluationOptions = z.infer<typeof evaluationOptions>;
