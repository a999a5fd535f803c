import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const src = fileURLToPath(new URL('../../src/', import.meta.url));

/** A public name of `src/index.ts` with the code under `@example` in its docstring. */
export interface DocExample {
  name: string;
  file: string;
  code?: string;
}

/** Every function, class and constant that the package exports, types left out. */
export function docExamples(): DocExample[] {
  const index = parse('index.ts');
  return index.statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement) || !statement.exportClause || !ts.isNamedExports(statement.exportClause)) return [];
    const from = (statement.moduleSpecifier as ts.StringLiteral).text;
    if (!from.startsWith('./')) return [];
    const file = from.slice(2).replace(/\.js$/, '.ts');
    const declared = parse(file);
    return statement.exportClause.elements
      .filter(({ isTypeOnly }) => !isTypeOnly && !statement.isTypeOnly)
      .map(({ name: { text } }) => ({ name: text, file, code: exampleOf(declared, text) }));
  });
}

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(`${src}${file}`, 'utf8'), ts.ScriptTarget.ES2022, true);
}

function exampleOf(file: ts.SourceFile, name: string): string | undefined {
  const isOf = (statement: ts.Statement): boolean =>
    ts.isVariableStatement(statement)
      ? statement.declarationList.declarations.some((declaration) => declaration.name.getText() === name)
      : (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name?.text === name;
  // Of overloads any one will do.
  const tags = file.statements.filter(isOf).flatMap((statement) => ts.getJSDocTags(statement));
  const comment = ts.getTextOfJSDocComment(tags.find(({ tagName }) => tagName.text === 'example')?.comment);
  return comment?.match(/^```ts\n([\s\S]*?)\n```/)?.[1];
}

/** The code with each `expression; // => value` as a check of one against the other. */
export function withChecks(code: string): string {
  return code.replace(/^(.*); \/\/ => (.*)$/gm, (_, expression: string, value: string) => `check(await (${expression}), ${value});`);
}
