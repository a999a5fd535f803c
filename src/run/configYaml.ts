import { stringify } from 'yaml';

/** A resolved config as the text of config.yaml: loading it gives the same config again. */
export function configYaml(config: object): string {
  return stringify(config, { lineWidth: 0, aliasDuplicateObjects: false });
}
