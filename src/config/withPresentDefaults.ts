import { type ConfigCommand, withCommandDefaults } from './commandDefaults.js';
import { configSchema } from './configSchema.js';

/**
 * A run's config with the keys that came with a later version of audiossl at their defaults, which are what the run did: so that runs of two
 * versions count as what they are, one system. What is no config of this version comes back as it is.
 */
export function withPresentDefaults(config: unknown, command: ConfigCommand): unknown {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return config;
  const parsed = configSchema.safeParse(withCommandDefaults(structuredClone(config) as Record<string, unknown>, command));
  return parsed.success ? parsed.data : config;
}
