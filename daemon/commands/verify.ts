// `stateseal verify`: an archive and a key and nothing else → two verdicts; or a proof file, a record and a key; or,
// without arguments, the configured archive and the local database against the data directory's own key.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ArchiveOptions } from '../archive/open.ts';
import { openArchive } from '../archive/open.ts';
import { parseArchiveLocation, type ArchiveLocation } from '../archive/location.ts';
import { ArchiveError, ConfigError, IntegrityError } from '../errors.ts';
import { leafHash } from '../merkle/hash.ts';
import { encodeBase64 } from '../merkle/base64.ts';
import { parseProofFile, verifyProofFile } from '../merkle/proof-file.ts';
import { openDatabaseReadOnly } from '../store/database.ts';
import { createPalette, escapeJsonText, escapeText } from '../terminal.ts';
import { formatCount } from '../verify/render-count.ts';
import { renderReport } from '../verify/render-report.ts';
import { exitCodeOf, type VerifyReport } from '../verify/report.ts';
import { verifyArchive, type VerifyOptions } from '../verify/verify-archive.ts';
import { verifyStore } from '../verify/verify-store.ts';
import { parseArguments, parseCount, usageError, type Arguments } from './arguments.ts';
import { readVerifier } from './verifier-key.ts';
import { S3_OPTIONS, S3_USAGE, readS3Flags } from './s3-flags.ts';
import { createProgressBar } from '../verify/progress-bar.ts';
import { keepHeapSmall } from '../verify/small-heap.ts';
import type { ServiceCommand, ServiceContext } from './service.ts';

const VERB = 'verify';

export const verifyCommand: ServiceCommand = {
  name: VERB,
  summary: 'integrity and completeness, offline',
  usage: `Usage: stateseal verify [archive] [--key KEY|FILE] [--since FILE] [--strict]
       stateseal verify <proof> --record FILE --key KEY|FILE

Checks an archive (a directory or s3://bucket/prefix) with the log's public key and nothing else: every byte, hash and
signature (INTEGRITY), and how much of what happened is in the log at all (COMPLETENESS). Without an archive: the
configured one, and the local database. With a proof file: that the record is in the log.

--key KEY|FILE   the verifier key, or a file with it; default: the one of the data directory
--since FILE     a checkpoint you kept: the log must still begin with it. Only this shows newest seals that vanished
--strict         anomalies and format problems fail too; checks the form of every line
--from N         start at size N (a batch boundary), when what lies before is no longer kept
--record FILE    with a proof: the record's exact bytes, as \`stateseal show N --json\` holds them
${S3_USAGE}
--json           {"object":"verification", "exit", "integrity", "failures", "anomalies", "completeness", …} per source

Exit codes: 0 pass · 1 integrity failed · 2 could not run · 3 gaps without explanation. Steps that are only known to be
monotonic are counted and printed; they are not gaps.
`,
  async run(args, context) {
    keepHeapSmall();
    const given = parseArguments(VERB, args, OPTIONS);
    if (given.has('help')) {
      context.stdout(verifyCommand.usage);
      return 0;
    }
    const [target, ...more] = given.positionals;
    if (more.length > 0) throw usageError(VERB, 'expected at most one archive or proof, got more');
    const run: Run = { given, context, isJson: context.json || given.has('json'), isStrict: given.has('strict') };
    if (target === undefined) return verifyOwn(run);
    if (isFile(target)) return verifyProof(run, target);
    if (given.has('record')) throw usageError(VERB, 'expected a proof file before --record, got no such file');
    return verifyPlace(run, parseArchiveLocation(target), await s3Options(run, target));
  },
};

const OPTIONS = {
  key: { type: 'string' },
  since: { type: 'string' },
  record: { type: 'string' },
  from: { type: 'string' },
  strict: { type: 'boolean' },
  ...S3_OPTIONS,
} as const;

interface Run {
  readonly given: Arguments;
  readonly context: ServiceContext;
  readonly isJson: boolean;
  readonly isStrict: boolean;
}

/** The configured archive, then the local database; the worse of the two exit codes. */
async function verifyOwn(run: Run): Promise<number> {
  if (run.given.has('record')) throw usageError(VERB, 'expected a proof file before --record, got none');
  const config = await run.context.loadConfig({ s3: readS3Flags(run.given) });
  const codes = [await archiveCode(run, config.archive.location, { s3: config.archive.s3 })];
  const path = join(run.context.dataDir, 'log.sqlite');
  if (existsSync(path)) {
    if (!run.isJson) run.context.stdout('\n');
    codes.push(await verifyDatabase(run, path));
  }
  return [1, 2, 3].find((code) => codes.includes(code)) ?? 0;
}

/** An archive that cannot be read must not keep the database from being checked. */
async function archiveCode(run: Run, location: ArchiveLocation, options: ArchiveOptions): Promise<number> {
  try {
    return await verifyPlace(run, location, options);
  } catch (error) {
    const isAway = error instanceof ArchiveError || (error instanceof ConfigError && error.code === 'verify-no-log');
    if (!isAway) throw error;
    run.context.stderr(`the archive could not be verified: ${error.message} [${error.code}]\nhint: ${error.hint}\n`);
    return 2;
  }
}

async function verifyPlace(run: Run, location: ArchiveLocation, options: ArchiveOptions): Promise<number> {
  const verifier = await readVerifier(run.given, run.context);
  const archive = await openArchive(location, { ...options, directory: { create: false } });
  const bar = createProgressBar(run.context, run.isJson);
  try {
    const report = await verifyArchive(archive, [verifier], { ...(await readOptions(run)), onProgress: bar.show });
    bar.clear();
    return print(run, report);
  } finally {
    bar.clear();
    await archive.close();
  }
}

async function verifyDatabase(run: Run, path: string): Promise<number> {
  const verifier = await readVerifier(run.given, run.context);
  const options = await readOptions(run);
  const database = openDatabaseReadOnly(path);
  try {
    return print(run, verifyStore(database, [verifier], options));
  } finally {
    database.close();
  }
}

function print({ context, isJson, isStrict }: Run, report: VerifyReport): number {
  const exit = exitCodeOf(report, isStrict);
  if (isJson) context.stdout(`${escapeJsonText(JSON.stringify({ object: 'verification', exit, ...report }))}\n`);
  else context.stdout(renderReport(report, { color: context.color, isStrict }));
  return exit;
}

async function readOptions({ given, context, isStrict }: Run): Promise<VerifyOptions> {
  const since = given.text('since');
  const from = given.text('from');
  return {
    nowMs: context.now(),
    isStrict,
    ...(since === undefined ? {} : { since: Buffer.from(await context.readFile(since)).toString('utf8') }),
    ...(from === undefined ? {} : { from: parseCount(VERB, '--from', from) }),
  };
}

async function s3Options({ given, context }: Run, target: string): Promise<ArchiveOptions> {
  if (!target.startsWith('s3://')) return {};
  const { archive } = await context.loadConfig({ s3: readS3Flags(given) });
  return { s3: archive.s3 };
}

async function verifyProof(run: Run, path: string): Promise<number> {
  const recordPath = run.given.text('record');
  if (recordPath === undefined) throw usageError(VERB, 'expected --record with a proof file, got none');
  const verifier = await readVerifier(run.given, run.context);
  const file = parseProofFile(await run.context.readFile(path));
  const leaf = leafHash(withoutNewline(await run.context.readFile(recordPath)));
  const palette = createPalette(run.context.color);
  const place = { number: file.leafIndex, origin: verifier.name };
  try {
    const { size, root } = verifyProofFile(file, leaf, [verifier], verifier.name);
    const result = { object: 'inclusion', exit: 0, included: true, ...place, size, root: encodeBase64(root) };
    const text = `${palette.added('PASS')}    record ${file.leafIndex} is in ${escapeText(verifier.name)} (size ${formatCount(size)}, root ${result.root}, key ${verifier.keyId})`;
    return printProof(run, result, text, 0);
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    const result = { object: 'inclusion', exit: 1, included: false, ...place, code: error.code };
    return printProof(run, result, `${palette.removed('FAIL')}    ${error.message} [${error.code}]`, 1);
  }
}

function printProof({ context, isJson }: Run, result: object, text: string, exit: number): number {
  context.stdout(isJson ? `${escapeJsonText(JSON.stringify(result))}\n` : `INCLUSION     ${text}\n`);
  return exit;
}

/** The leaf is the line without its newline; an editor or a shell adds one. */
function withoutNewline(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === 0x0a ? bytes.subarray(0, -1) : bytes;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
