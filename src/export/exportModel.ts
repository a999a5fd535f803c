import { constants, existsSync, statSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { checkNewFolder } from '../util/atomicFolder.js';
import { AudiosslError, errorText, UsageError } from '../util/errors.js';
import { makeFolder } from '../util/makeFolder.js';
import type { ExportOptions, ExportRequest } from './exporter.js';
import { cardOptions, type ExportFormat, type ExportFormatName, exportFormats } from './exportFormats.js';
import { checkCardPath, modelCardPath } from './modelCard.js';

/**
 * Writes a model, or embeddings that it made, in a form that other programs read: see exportFormats.ts. The output is there whole or not at
 * all. Throws UsageError for an encoder or option that the format does not know and for a folder that has content.
 *
 *     await exportModel({ model: await loadModel('runs/acl'), format: 'onnx', out: 'acl.onnx', options: { waveform: true } });
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { exportModel, loadModel } from 'audiossl';
 * await exportModel({ model: await loadModel(), format: 'onnx', out: 'encoder.onnx' });
 * (await readFile('encoder.md', 'utf8')).split('\n')[0]; // => '# Model card: encoder'
 * ```
 */
export async function exportModel({
  format,
  options = {},
  ...request
}: Omit<ExportRequest, 'options'> & { format: ExportFormatName; options?: ExportOptions }): Promise<string> {
  await checkExport(format, request.out, options);
  if (request.model.isPerClip && format !== 'audiossl') {
    throw new UsageError(
      `export: the model standardises every recording by its own mean and deviation (data.standardisation perClip), which --format ${format} has no form for; take --format audiossl`,
    );
  }
  const write = await exportFormats[format].load();
  return write({ ...request, options });
}

/** Options that name a folder which must be there. */
const folders = {
  audio: 'the folder of the recordings',
  data: 'the folder of the recordings trained on',
  transfer: 'the --out of audiossl transfer',
};

/** What can be known to be wrong before a model is loaded. */
export async function checkExport(format: ExportFormatName, out: string, options: ExportOptions): Promise<void> {
  if (!Object.hasOwn(exportFormats, format)) {
    throw new UsageError(`export: format must be one of ${Object.keys(exportFormats).join(', ')}, got ${format}`);
  }
  const { options: known, needs = [], isFolder }: ExportFormat = exportFormats[format];
  const given = (Object.keys(options) as (keyof ExportOptions)[]).filter((name) => options[name] !== undefined && options[name] !== false);
  const unknown = given.find((name) => !known.includes(name) && !cardOptions.includes(name));
  if (unknown !== undefined) throw new UsageError(`export: --format ${format} does not take --${unknown}; leave it out`);
  const missing = needs.find((name) => !given.includes(name));
  if (missing !== undefined) throw new UsageError(`export: --format ${format} needs --${missing}; audiossl export --help says more`);
  for (const [name, what] of Object.entries(folders)) {
    const path = options[name as keyof typeof folders];
    if (path !== undefined && !(existsSync(path) && statSync(path).isDirectory()))
      throw new UsageError(`export: --${name} must be ${what}, got ${path}`);
  }
  if (isFolder) await checkNewFolder(out, 'export');
  else if (existsSync(out) && statSync(out).isDirectory()) {
    throw new UsageError(`export: --format ${format} writes a file, ${out} is a folder; give another --out`);
  } else await checkCardPath(modelCardPath(out));
  const folder = dirname(resolve(out));
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new AudiosslError(`export: ${out} cannot be written (${errorText(error)}); give another --out`, { cause: error });
  }
}
