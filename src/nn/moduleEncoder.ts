import { z } from 'zod';
import { checkModule, loadUserModule, moduleKeys, moduleOptions, openModule, type UserDefinition } from '../util/userModule.js';
import type { Encoder } from './encoder.js';

/** An encoder of the user's own. */
export interface EncoderDefinition<Options = Record<string, unknown>> extends UserDefinition {
  /** The network for patches of `patchFrames` frames and `nMels` bands. */
  create(options: Options, size: { nMels: number; patchFrames?: number }): Encoder;
}

/**
 * Puts an encoder together, for a module that a config names (`encoder.name: ./myEncoder.mjs`): `options` are the keys beside `name`.
 *
 * @example
 * ```ts
 * import { defineEncoder, tf, z } from 'audiossl';
 * const bandMeans = defineEncoder({
 *   name: 'bandMeans',
 *   options: { size: z.int().default(16).describe('length of h') },
 *   create: ({ size }, { nMels }) => ({
 *     name: 'bandMeans',
 *     embeddingSize: size,
 *     createParameters: ({ seed }) => new Map([['weight', tf.variable(tf.randomNormal([nMels, size], 0, 0.1, 'float32', seed + 1))]]),
 *     forward: (parameters, views) => tf.tidy(() => tf.relu(tf.matMul(tf.mean(views, 1), parameters.get('weight')))),
 *   }),
 * });
 * bandMeans.create({ size: 8 }, { nMels: 96 }).embeddingSize; // => 8
 * ```
 */
export function defineEncoder<Shape extends z.ZodRawShape>({
  name,
  options,
  create,
}: {
  name: string;
  options: Shape;
  create: EncoderDefinition<z.output<z.ZodObject<Shape>>>['create'];
}): EncoderDefinition<z.output<z.ZodObject<Shape>>> {
  return { name, options: moduleOptions(name, options), create };
}

const loadEncoderModule = (of: { path: string; sha256: string }) =>
  loadUserModule<EncoderDefinition>(of, { kind: 'Encoder', functions: ['create'] });

export const moduleEncoderOptions = z.strictObject(moduleKeys).superRefine(checkModule(loadEncoderModule));

/** Throws UsageError where the module has changed. */
export function moduleEncoder(module: z.infer<typeof moduleEncoderOptions>, size: { nMels: number; patchFrames?: number }): Encoder {
  const { definition, options } = openModule(loadEncoderModule, module);
  return definition.create(options, size);
}
