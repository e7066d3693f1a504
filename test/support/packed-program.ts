// The program as its package has it, compiled to JavaScript: what users start, without the time that types cost.
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  copyFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface PackedProgram {
  /** The entry, for node. */
  readonly bin: string;
  remove(): void;
}

export function packProgram(): PackedProgram {
  const folder = mkdtempSync(join(tmpdir(), 'stateseal-packed-'));
  const compilerOptions: ts.CompilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2024,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
  };
  for (const path of globSync('**/*.ts', { cwd: join(ROOT, 'daemon') })) {
    const target = join(folder, 'dist', path.replace(/\.ts$/u, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    const { outputText } = ts.transpileModule(readFileSync(join(ROOT, 'daemon', path), 'utf8'), { compilerOptions });
    writeFileSync(target, outputText);
  }
  copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const name of ['hooks', 'schemas']) symlinkSync(join(ROOT, name), join(folder, name));
  return { bin: join(folder, 'dist', 'bin.js'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
