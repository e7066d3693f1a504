// The house rules that a machine can keep: directions of imports, one door per package, pure folders, sizes, codes.
// When a rule stands in the way of something good, change the rule here, in a commit that says why.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';
import { findCycle, readSourceTree, ROOT, walk, type SourceFile } from './architecture/source-tree.ts';

/** Lower tiers know nothing of higher ones. Names are folders or files of daemon/. */
const TIERS: readonly (readonly string[])[] = [
  ['errors.ts'],
  ['json', 'glob.ts', 'terminal.ts', 'program.ts', 'global-flags.ts', 'config-environment.ts'],
  ['record', 'redaction', 'terraform', 'merkle', 'verdict'],
  ['s3', 'credential-files.ts'],
  [
    'store',
    'archive',
    'sources',
    'spool',
    'keys.ts',
    'tokens.ts',
    'control.ts',
    'http-socket.ts',
    'process-edge.ts',
    'plain-run.ts',
  ],
  ['recorder', 'verify', 'config-backend.ts', 'config-file.ts', 'config-sources.ts', 'config.ts'],
  ['answers'],
  ['sealer', 'sealer.ts', 'http', 'backend', 'keeper', 'doctor', 'run'],
  [
    'close-stack.ts',
    'journal.ts',
    'door.ts',
    'api-calls.ts',
    'api-worker.ts',
    'thread-peer.ts',
    'ingest.ts',
    'backend-door.ts',
    'sealing.ts',
    'restore',
    'watching.ts',
    'history-import.ts',
    'importing.ts',
    'import-jobs.ts',
    'control-handlers.ts',
    'daemon.ts',
  ],
  ['tour'],
  ['commands'],
  ['context.ts', 'client.ts', 'main.ts'],
  ['bin.ts'],
];
/** Tiers whose units may use one another, as long as no files form a cycle. */
const OPEN_TIERS: readonly number[] = [tierOf('record'), tierOf('daemon.ts'), tierOf('config.ts'), tierOf('main.ts')];
/** Not to be known although they are lower: verbs ask the log itself, never its HTTP face. */
const FORBIDDEN: readonly (readonly [from: string, to: string])[] = [['commands', 'http']];

/** The only files, below daemon/, that may import a package. */
const DOORS: Readonly<Record<string, RegExp>> = {
  chokidar: /^sources\//u,
  'better-sqlite3': /^store\//u,
  '@aws-sdk/client-s3': /^(?:s3|archive)\/s3/u,
  express: /^http\//u,
  compression: /^http\/app\.ts$/u,
  yaml: /^config/u,
  '@hpke/core': /^spool\//u,
  ajv: /^config/u,
  picomatch: /^glob\.ts$/u,
  yauzl: /^sources\/plan-archive\.ts$/u,
  '@bufbuild/protobuf': /^terraform\/plan\//u,
  '@noble/hashes': /^(?:merkle|redaction)\//u,
};

const PURE_FOLDERS = ['json', 'record', 'redaction', 'terraform', 'merkle', 'verdict'];
const PURE_PACKAGES = ['node:crypto', 'node:buffer', '@noble/hashes', '@bufbuild/protobuf'];
const IMPURE =
  /\b(?:Date\.now|new Date\(\)|Math\.random|performance\.now|process\.|random(?:Bytes|UUID|Int|FillSync))/u;

const MAX_FILE_LINES = 300;
const LONG_FUNCTION_LINES = 50;
const MAX_FUNCTION_LINES = 60;
const ERROR_CLASSES = ['ConfigError', 'ParseError', 'ArchiveError', 'StoreError', 'IntegrityError'];

describe('architecture', () => {
  const all = readSourceTree('daemon', 'test', 'bench');
  const daemon = all.filter((file) => file.path.startsWith('daemon/'));

  it('finds the source', () => expect(daemon.length).to.be.greaterThan(20));

  it('every file and folder of daemon/ has its tier', () => {
    expect(unique(daemon.map(unitOf).filter((unit) => tierOf(unit) < 0))).to.deep.equal([]);
  });

  it('imports go down only', () => {
    const wrong = daemon.flatMap((file) =>
      file.imports.filter((path) => !mayImport(unitOf(file), unitOfPath(path))).map((path) => `${file.path} → ${path}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('no files import one another in a circle', () => expect(findCycle(daemon)).to.deep.equal([]));

  it('each package has one door', () => {
    const wrong = daemon.flatMap((file) =>
      file.packages
        .filter((name) => !name.startsWith('node:') && DOORS[name]?.test(inDaemon(file)) !== true)
        .map((name) => `${file.path} → ${name}`),
    );
    expect(unique(wrong)).to.deep.equal([]);
  });

  it('what the program imports is one of its dependencies', () => {
    const text = readFileSync(join(ROOT, 'package.json'), 'utf8');
    const { dependencies } = JSON.parse(text) as { dependencies: Readonly<Record<string, string>> };
    const used = daemon.flatMap((file) => file.packages).filter((name) => !name.startsWith('node:'));
    expect(unique(used).filter((name) => !Object.hasOwn(dependencies, name))).to.deep.equal([]);
  });

  it('pure folders touch neither files, network, process, clock nor chance', () => {
    const pure = daemon.filter((file) => PURE_FOLDERS.includes(unitOf(file)));
    const packages = pure.flatMap((file) =>
      file.packages.filter((name) => !PURE_PACKAGES.includes(name)).map((name) => `${file.path} → ${name}`),
    );
    const uses = pure.filter((file) => IMPURE.test(codeOf(file))).map((file) => file.path);
    expect([...packages, ...uses]).to.deep.equal([]);
  });

  it('the environment is read by the configuration alone', () => {
    const readers = daemon.filter((file) => /\bprocess\s*\.\s*env\b/u.test(codeOf(file))).map(inDaemon);
    expect(readers.filter((path) => !/^config[a-z-]*\.ts$/u.test(path))).to.deep.equal([]);
  });

  it(`no file is over ${MAX_FILE_LINES} lines`, () => {
    const long = all.filter((file) => file.lineCount > MAX_FILE_LINES);
    expect(long.map((file) => `${file.path}: ${file.lineCount}`)).to.deep.equal([]);
  });

  it(`no function is over ${MAX_FUNCTION_LINES} lines`, () => {
    const long = daemon.flatMap(functionLengths).filter(({ ownLines }) => ownLines > LONG_FUNCTION_LINES);
    for (const { place, ownLines } of long) console.log(`    long function, ${ownLines} lines: ${place}`);
    const wrong = long.filter(({ ownLines }) => ownLines > MAX_FUNCTION_LINES);
    expect(wrong.map(({ place, ownLines }) => `${place}: ${ownLines}`)).to.deep.equal([]);
  });

  it('no index.ts, no default export, no any, no suppressed check', () => {
    const wrong = all.flatMap((file) => forbiddenSyntax(file).map((what) => `${file.path}: ${what}`));
    expect(wrong).to.deep.equal([]);
  });

  it('every file of daemon/ says first what it owns', () => {
    const silent = daemon.filter((file) => !/^(?:#![^\n]*\n)?\/\/ \S/u.test(file.text));
    expect(silent.map((file) => file.path)).to.deep.equal([]);
  });

  it('docs/ERRORS.md lists exactly the codes that are thrown', function () {
    const path = join(ROOT, 'docs/ERRORS.md');
    if (!existsSync(path)) return this.skip();
    const documented = [...readFileSync(path, 'utf8').matchAll(/^[|#*\-\s]*`([a-z][a-z0-9-]*)`/gmu)].map(
      ([, code]) => code,
    );
    expect(unique(documented.map(String))).to.deep.equal(unique(daemon.flatMap(errorCodes)));
  });
});

function tierOf(unit: string): number {
  return TIERS.findIndex((tier) => tier.includes(unit));
}

function mayImport(from: string, to: string): boolean {
  if (from === to) return true;
  if (FORBIDDEN.some(([upper, lower]) => upper === from && lower === to)) return false;
  const [own, other] = [tierOf(from), tierOf(to)];
  return other >= 0 && (other < own || (other === own && OPEN_TIERS.includes(own)));
}

/** daemon/json/value.ts → json, daemon/main.ts → main.ts */
function unitOf(file: SourceFile): string {
  return unitOfPath(file.path);
}

function unitOfPath(path: string): string {
  return path.split('/')[1] ?? '';
}

function inDaemon(file: SourceFile): string {
  return file.path.slice('daemon/'.length);
}

/** The text without comments and strings, where words may be only spoken of. */
function codeOf(file: SourceFile): string {
  const parts: string[] = [];
  const ranges: (readonly [number, number])[] = [];
  walk(file.tree, (node) => {
    if (ts.isStringLiteralLike(node) || ts.isRegularExpressionLiteral(node)) ranges.push([node.getStart(), node.end]);
  });
  let position = 0;
  for (const [start, end] of ranges.sort((a, b) => a[0] - b[0])) {
    parts.push(file.text.slice(position, start), "''");
    position = end;
  }
  return [...parts, file.text.slice(position)].join('').replaceAll(/\/\*[^]*?\*\/|\/\/[^\n]*/gu, '');
}

interface FunctionLength {
  readonly place: string;
  /** Without the lines of functions inside it: a factory is as long as what it does itself. */
  readonly ownLines: number;
}

function functionLengths(file: SourceFile): FunctionLength[] {
  const lineOf = (position: number): number => file.tree.getLineAndCharacterOfPosition(position).line;
  const linesOf = (node: ts.Node): number => lineOf(node.end) - lineOf(node.getStart()) + 1;
  const found: FunctionLength[] = [];
  const visit = (node: ts.Node): number => {
    let inner = 0;
    ts.forEachChild(node, (child) => void (inner += visit(child)));
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return inner;
    const lines = linesOf(node);
    found.push({ place: `${file.path}:${lineOf(node.getStart()) + 1}`, ownLines: lines - inner });
    // One-liners share their line with the function around them.
    return lines > 1 ? lines : 0;
  };
  visit(file.tree);
  return found;
}

function forbiddenSyntax(file: SourceFile): string[] {
  const found: string[] = [];
  if (/(?:^|\/)index\.ts$/u.test(file.path)) found.push('index.ts');
  if (/@ts-(?:ignore|expect-error|nocheck)/u.test(file.text) && !file.path.startsWith('test/architecture')) {
    found.push('suppressed check');
  }
  walk(file.tree, (node) => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) found.push('any');
    if (ts.isExportAssignment(node) || node.kind === ts.SyntaxKind.DefaultKeyword) found.push('default');
  });
  return found.filter((what) => what !== 'default' || /^export default/mu.test(file.text));
}

/** String literals in the first argument of `new XError(…)`, also those of a choice between two. */
function errorCodes(file: SourceFile): string[] {
  const codes: string[] = [];
  walk(file.tree, (node) => {
    if (!ts.isNewExpression(node) || !ERROR_CLASSES.includes(node.expression.getText())) return;
    const [code] = node.arguments ?? [];
    if (code === undefined) return;
    walk(code, (part) => {
      if (ts.isStringLiteralLike(part)) codes.push(part.text);
    });
  });
  return codes;
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}
