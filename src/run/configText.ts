import { canonicalJson, sha256 } from '../util/hash.js';
import { yaml } from '../util/onDemand.js';

/** The whole config as YAML: `loadConfig` of it gives the same config again. */
export function toYaml(config: object): string {
  return yaml().stringify(config, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** 16 hexadecimal digits that are equal for equal configs, in whatever order their keys stand. */
export function configHash(config: unknown): string {
  return sha256(canonicalJson(config ?? null)).slice(0, 16);
}
