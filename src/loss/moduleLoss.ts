import { z } from 'zod';
import { checkModule, loadUserModule, moduleKeys, openModule, type UserDefinition } from '../util/userModule.js';
import type { ContrastiveLoss } from './defineLoss.js';

/** A loss of the user's own: the module exports by default what `defineLoss` gives. */
export const loadLossModule = (of: { path: string; sha256: string }) =>
  loadUserModule<ContrastiveLoss & UserDefinition>(of, { kind: 'Loss', functions: ['compute', 'needsNegatives'] });

export const moduleLossOptions = z.strictObject(moduleKeys).superRefine(checkModule(loadLossModule));

/** The loss with its own options. Throws UsageError where the module has changed. */
export function moduleLoss(module: z.infer<typeof moduleLossOptions>): { loss: ContrastiveLoss; options: Record<string, unknown> } {
  const { definition: loss, options } = openModule(loadLossModule, module);
  return { loss, options };
}
