import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { writeFolderAtomic } from '../util/atomicFolder.js';
import { UsageError } from '../util/errors.js';
import { packageFile } from '../util/packageFile.js';
import { packageVersion } from '../util/packageVersion.js';
import type { Exporter } from './exporter.js';
import { weightsOfBytes, writeModelCard } from './modelCard.js';
import { FACTS_KEY, modelFacts } from './modelFacts.js';
import { onnxForm, onnxModel } from './onnx/onnxModel.js';

const outer = ['pyproject.toml', 'README.md'];
const inner = ['__init__.py', 'encoder.py', 'hear.py', 'xares_encoder.py'];

/**
 * A Python package, named after its folder, that pip installs: the encoder from samples on as ONNX, NumPy around it, and where PyTorch is the
 * HEAR API and the encoder class of X-ARES. Throws UsageError where the folder's name is no name for a package.
 */
export const exportPython: Exporter = async ({ model, out, options: { data, transfer } }) => {
  const name = basename(resolve(out));
  if (!/^[a-z][a-z0-9_]*$/.test(name)) {
    throw new UsageError(
      `export: the folder's name becomes the Python package's and must be small letters, digits and _, got "${name}"; try ${suggestedName(name)}`,
    );
  }
  const { encoder, frontEnd } = model;
  const values: Record<string, string> = {
    package: name,
    distribution: name.replaceAll('_', '-'),
    version: packageVersion(),
    description: `Embeddings of sound by a ${encoder.name} encoder, ${encoder.embeddingSize} numbers a clip.`,
    sampleRate: String(frontEnd.sampleRate),
    dim: String(encoder.embeddingSize),
  };
  const bytes = await onnxModel(model, { input: 'frames', metadata: { [FACTS_KEY]: JSON.stringify(modelFacts(model)) } });
  await writeFolderAtomic(out, 'export', async (dir) => {
    await mkdir(join(dir, name));
    await writeFile(join(dir, name, 'encoder.onnx'), bytes);
    const weights = weightsOfBytes(`${name}/encoder.onnx`, bytes, onnxForm);
    await writeModelCard({ model, path: join(dir, 'card.md'), name, weights, data, transfer });
    for (const file of [...outer, ...inner.map((each) => `${name}/${each}`)]) {
      await writeFile(
        join(dir, file),
        fillIn(await readFile(packageFile('dist', 'export', 'pythonPackage', basename(file)), 'utf8'), values),
      );
    }
  });
  return `the Python package ${name}, audio at ${frontEnd.sampleRate} Hz -> embeddings of ${encoder.embeddingSize}; pip install ${out}`;
};

function fillIn(template: string, values: Record<string, string>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_, key: string) => values[key]);
}

function suggestedName(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9_]+/g, '_')
      .replace(/^[^a-z]+/, '') || 'sound_encoder'
  );
}
