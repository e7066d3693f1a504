// The source files as the architecture test sees them: text, syntax tree, imports. Reads the tree once.
import { globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export interface SourceFile {
  /** Relative to the repository, with slashes: daemon/json/value.ts */
  readonly path: string;
  readonly text: string;
  readonly lineCount: number;
  readonly tree: ts.SourceFile;
  /** Repository paths of the own files it imports, types included. */
  readonly imports: readonly string[];
  /** Packages and built-ins: "express", "@aws-sdk/client-s3", "node:fs". */
  readonly packages: readonly string[];
}

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export function readSourceTree(...folders: readonly string[]): readonly SourceFile[] {
  return folders
    .flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: ROOT }))
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !path.includes('/fixtures/'))
    .sort()
    .map(readSource);
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const specifiers = findSpecifiers(tree);
  return {
    path,
    text,
    lineCount: text.trimEnd().split('\n').length,
    tree,
    imports: specifiers.filter(isOwn).map((specifier) => posix.join(posix.dirname(path), specifier)),
    packages: specifiers.filter((specifier) => !isOwn(specifier)).map(toPackage),
  };
}

/** Calls `visit` for a node and everything below it. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** Files of one import cycle, or [] when there is none. */
export function findCycle(files: readonly SourceFile[]): readonly string[] {
  const imports = new Map(files.map((file) => [file.path, file.imports]));
  const done = new Set<string>();
  const search = (path: string, trail: readonly string[]): readonly string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const next of imports.get(path) ?? []) {
      const cycle = search(next, [...trail, path]);
      if (cycle.length > 0) return cycle;
    }
    done.add(path);
    return [];
  };
  return files.map(({ path }) => search(path, [])).find((cycle) => cycle.length > 0) ?? [];
}

/** import … from, export … from, import() and new URL('./…', import.meta.url) with a .ts file: workers are imports too. */
function findSpecifiers(tree: ts.SourceFile): string[] {
  const found: string[] = [];
  walk(tree, (node) => {
    const text = specifierOf(node);
    if (text !== undefined) found.push(text);
  });
  return found;
}

function specifierOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return literalText(node.moduleSpecifier);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return literalText(node.arguments[0]);
  }
  if (!ts.isNewExpression(node) || node.expression.getText() !== 'URL') return undefined;
  const text = literalText(node.arguments?.[0]);
  return text?.endsWith('.ts') === true ? text : undefined;
}

function literalText(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;
}

function isOwn(specifier: string): boolean {
  return specifier.startsWith('.');
}

function toPackage(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
