import type * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { AudiosslError } from '../util/errors.js';
import type { Rng } from '../util/rng.js';
import { checkModule, loadUserModule, moduleKeys, moduleOptions, openModule, type UserDefinition } from '../util/userModule.js';
import type { PatchSize } from './patchSize.js';

/** An augmentation of the user's own. */
export interface ViewDefinition<Options = Record<string, unknown>, Params extends object = object> extends UserDefinition {
  /** Draws the numbers for one patch, a plain JSON object; everything random comes from `rng`. */
  sample(rng: Rng, options: Options, size: PatchSize): Params;
  /** Applies them to a whole batch of raw log-mel patches `[batch, time, mel]`, one set a patch; pure, the shape stays. */
  apply(batch: tf.Tensor3D, params: readonly Params[], options: Options): tf.Tensor3D;
}

/**
 * Puts an augmentation together, for a module that a config names in its list `views`: `options` are the keys beside `name`.
 *
 * @example
 * ```ts
 * import { defineView, tf, z } from 'audiossl';
 * const quieter = defineView({
 *   name: 'quieter',
 *   options: { most: z.number().default(1).describe('log10 units') },
 *   sample: (rng, { most }) => ({ by: most * rng.uniform() }),
 *   apply: (batch, params) => tf.sub(batch, tf.tensor3d(params.map(({ by }) => by), [params.length, 1, 1])),
 * });
 * quieter.apply(tf.ones([2, 1, 1]), [{ by: 0.5 }, { by: 1 }], { most: 1 }); // => [[[0.5]], [[0]]]
 * ```
 */
export function defineView<Shape extends z.ZodRawShape, Params extends object>({
  name,
  options,
  sample,
  apply,
}: { name: string; options: Shape } & Pick<ViewDefinition<z.output<z.ZodObject<Shape>>, Params>, 'sample' | 'apply'>): ViewDefinition<
  z.output<z.ZodObject<Shape>>,
  Params
> {
  return { name, options: moduleOptions(name, options), sample, apply };
}

const loadViewModule = (of: { path: string; sha256: string }) =>
  loadUserModule<ViewDefinition>(of, { kind: 'View', functions: ['sample', 'apply'] });

export const moduleViewOptions = z.strictObject(moduleKeys).superRefine(checkModule(loadViewModule));
export type ModuleViewOptions = z.infer<typeof moduleViewOptions>;

export function sampleModuleView(rng: Rng, module: ModuleViewOptions, size: PatchSize): object {
  const { definition, options } = viewOf(module);
  return definition.sample(rng, options, size);
}

/** Throws AudiosslError where the module gives another shape. */
export function applyModuleView(batch: tf.Tensor3D, module: ModuleViewOptions, params: readonly object[]): tf.Tensor3D {
  const { definition, options } = viewOf(module);
  const views = definition.apply(batch, params, options);
  if (views.shape.join() === batch.shape.join()) return views;
  throw new AudiosslError(`${module.path}: apply must keep the shape [${batch.shape}] of the batch, gave [${views.shape}]`);
}

const known = new WeakMap<ModuleViewOptions, { definition: ViewDefinition; options: Record<string, unknown> }>();

/** Once a config: the file is read and compared with its checksum at the first batch, not at every one. */
function viewOf(module: ModuleViewOptions) {
  const found = known.get(module);
  if (found !== undefined) return found;
  const made = openModule(loadViewModule, module);
  known.set(module, made);
  return made;
}
