import { z } from 'zod';
import { configSchema } from './configSchema.js';

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** JSON schema (2020-12) of config files, for editors: completion, descriptions, wrong keys underlined. */
export function configJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(configSchema, { io: 'input' });
  for (const section of Object.values(schema.properties ?? {})) makeNameOptional(section as JsonSchema);
  return { ...schema, title: 'audiossl config' };
}

/** As in loadConfig, a part of several kinds has the default kind where no name is given. */
function makeNameOptional(section: JsonSchema): void {
  const byDefault = section.default as { name?: string } | undefined;
  for (const kind of (section.oneOf ?? section.anyOf ?? []) as JsonSchema[]) {
    const name = kind.properties?.name as JsonSchema | undefined;
    if (name?.const !== undefined && name.const === byDefault?.name) kind.required = kind.required?.filter((key) => key !== 'name');
  }
}
