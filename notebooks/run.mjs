#!/usr/bin/env node
// Runs the TypeScript notebooks of this folder and saves their outputs, without Python or Jupyter: `npm run notebooks [-- --check] [FILE...]`.
// --check runs them as well, writes nothing and fails where an output would change. An error in a cell stops the notebook.
//
// The cells of a notebook run in order in one context, as in the tslab kernel: top-level names are seen by later cells, top-level await
// and import work, console.log is the cell's text output, and `import { display } from 'tslab'` shows pictures.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import vm from 'node:vm';
import { inflateSync } from 'node:zlib';
import ts from 'typescript';

const self = fileURLToPath(import.meta.url);
const isCheck = process.argv.includes('--check');
const files = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const isOne = process.argv.includes('--one');

/** Text of a notebook cell or output, which the format keeps as a list of lines. */
const joined = (text) => (Array.isArray(text) ? text.join('') : text);
const toLines = (text) => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** Names that a declaration's left side introduces: `a`, `{ a, b: c }`, `[a, ...b]`. */
function namesOf(binding) {
  if (ts.isIdentifier(binding)) return [binding.text];
  return binding.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : namesOf(element.name)));
}

/** An import statement as an assignment: names that it introduces, and the code. */
function importCode(statement) {
  const clause = statement.importClause;
  const module = `await __import(${JSON.stringify(statement.moduleSpecifier.text)})`;
  if (clause === undefined) return { names: [], code: `${module};` };
  const bindings = clause.namedBindings;
  if (bindings && ts.isNamespaceImport(bindings)) return { names: [bindings.name.text], code: `${bindings.name.text} = ${module};` };
  const pairs = (bindings?.elements ?? []).map(({ propertyName, name }) => [propertyName?.text ?? name.text, name.text]);
  if (clause.name) pairs.push(['default', clause.name.text]);
  return { names: pairs.map(([, name]) => name), code: `({ ${pairs.map(([from, to]) => `${from}: ${to}`).join(', ')} } = ${module});` };
}

/** Top-level names become global variables, the rest the body of an async function, so that `await` works and later cells see the names. */
function toScript(source) {
  const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  const { outputText } = ts.transpileModule(source, { compilerOptions: options });
  const file = ts.createSourceFile('cell.js', outputText, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const problem = file.parseDiagnostics[0];
  if (problem) throw new SyntaxError(ts.flattenDiagnosticMessageText(problem.messageText, ' '));
  const names = [];
  const outside = [];
  const body = file.statements.map((statement) => {
    if (ts.isImportDeclaration(statement)) {
      const { names: imported, code } = importCode(statement);
      names.push(...imported);
      return code;
    }
    if (ts.isFunctionDeclaration(statement)) {
      outside.push(statement.getText());
      return '';
    }
    if (!ts.isVariableStatement(statement)) return statement.getText();
    return statement.declarationList.declarations
      .map((declaration) => {
        names.push(...namesOf(declaration.name));
        return `(${declaration.name.getText()} = ${declaration.initializer?.getText() ?? 'undefined'});`;
      })
      .join('\n');
  });
  const variables = names.length > 0 ? `var ${[...new Set(names)].join(', ')};\n` : '';
  return `${variables}${outside.join('\n')}\n(async () => {\n${body.join('\n')}\n})()`;
}

/** Runs one code cell; `outputs` are in the notebook format. */
async function runCell(source, tell) {
  const outputs = [];
  const print = (name, values) => {
    const text = `${format(...values)}\n`;
    const last = outputs.at(-1);
    if (last?.output_type === 'stream' && last.name === name) last.text += text;
    else outputs.push({ name, output_type: 'stream', text });
  };
  const show = (type, text) => outputs.push({ data: { [type]: text }, metadata: {}, output_type: 'display_data' });
  tell.print = print;
  tell.show = show;
  await vm.runInThisContext(toScript(source), { filename: 'cell.js' });
  return outputs.map((output) => {
    if (output.output_type === 'stream') return { ...output, text: toLines(output.text) };
    const data = Object.entries(output.data).map(([type, text]) => [type, type === 'image/png' ? text : toLines(text)]);
    return { ...output, data: Object.fromEntries(data) };
  });
}

/** The notebook with each picture as its pixels: another zlib packs the same picture into other bytes. */
function canonical(notebook) {
  return JSON.stringify(notebook, (key, value) =>
    key === 'image/png' ? pixelsOf(Buffer.from(joined(value), 'base64')).toString('base64') : value,
  );
}

/** The unpacked image data of a PNG: its IDAT chunks are one zlib stream. */
function pixelsOf(png) {
  const parts = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  return inflateSync(Buffer.concat(parts));
}

async function runNotebook(file) {
  const before = readFileSync(file, 'utf8');
  const notebook = JSON.parse(before);
  const tell = {};
  const display = {
    html: (text) => tell.show('text/html', text),
    markdown: (text) => tell.show('text/markdown', text),
    svg: (text) => tell.show('image/svg+xml', text),
    png: (bytes) => tell.show('image/png', Buffer.from(bytes).toString('base64')),
  };
  globalThis.__import = (name) => (name === 'tslab' ? { display } : import(name));
  for (const method of ['log', 'info', 'debug']) console[method] = (...values) => tell.print('stdout', values);
  for (const method of ['warn', 'error']) console[method] = (...values) => tell.print('stderr', values);
  process.chdir(dirname(file));
  let number = 0;
  for (const cell of notebook.cells) {
    if (cell.cell_type !== 'code') continue;
    number++;
    try {
      cell.outputs = await runCell(joined(cell.source), tell);
    } catch (error) {
      process.stderr.write(`notebooks: ${basename(file)}: code cell ${number} failed: ${error instanceof Error ? error.stack : error}\n`);
      process.exit(1);
    }
    cell.execution_count = number;
  }
  const isSame = canonical(notebook) === canonical(JSON.parse(before));
  const name = basename(file);
  if (isCheck && !isSame) {
    process.stderr.write(
      `notebooks: ${name}: running it gives other outputs than the saved ones; run npm run notebooks and look at the difference\n`,
    );
    process.exit(1);
  }
  if (!isSame) writeFileSync(file, `${JSON.stringify(notebook, null, 1)}\n`);
  process.stderr.write(`notebooks: ${name}: ${number} cells ran, ${isSame ? 'nothing changed' : 'outputs saved'}\n`);
}

if (isOne) await runNotebook(resolve(files[0]));
else {
  // Each in a process of its own: names of one must not be seen by the next.
  const folder = dirname(self);
  const all = readdirSync(folder)
    .filter((name) => name.endsWith('.ipynb'))
    .sort();
  for (const file of files.length > 0 ? files : all.map((name) => join(folder, name))) {
    const { status } = spawnSync(process.execPath, [self, '--one', file, ...(isCheck ? ['--check'] : [])], { stdio: 'inherit' });
    if (status !== 0) process.exit(status ?? 1);
  }
}
