// `stateseal archive extend`: by the keeper's credentials, never by the recorder's, the locks of a log's objects are let
// end later, or holds are put on them. Directories lock nothing.
import { parseArchiveLocation } from '../archive/location.ts';
import { openArchive } from '../archive/open.ts';
import type { RetentionMode } from '../archive/archive.ts';
import { S3Keeper } from '../archive/s3-keeper.ts';
import { hasObjects } from '../doctor/archive-checks.ts';
import { ConfigError } from '../errors.ts';
import { extendLocks, type ExtendedObject, type ExtendOptions, type ExtendReport } from '../keeper/extend.ts';
import { createPalette, escapeJsonText, escapeText } from '../terminal.ts';
import { assertOneOf, parseArguments, parseCount, usageError, type Arguments } from './arguments.ts';
import { readVerifier } from './verifier-key.ts';
import { S3_OPTIONS, S3_USAGE, readS3Flags } from './s3-flags.ts';
import type { ServiceCommand, ServiceContext } from './service.ts';

const VERB = 'archive';
const DAY_MS = 86_400_000;
const MAX_ERROR_LINES = 20;
const OPTIONS = {
  until: { type: 'string' },
  days: { type: 'string' },
  class: { type: 'string' },
  key: { type: 'string' },
  mode: { type: 'string' },
  yes: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  'legal-hold': { type: 'string' },
  ...S3_OPTIONS,
} as const;

export const archiveCommand: ServiceCommand = {
  name: VERB,
  summary: 'let the locks of sealed objects end later; hold them',
  usage: `Usage: stateseal archive extend s3://bucket/prefix --until DATE | --days N [flags]

Extends the lock of every version of the log that verifies; what somebody else put there is left alone. Run it with the
keeper's credentials (docs/aws/keeper.json), not the recorder's. Locks only ever end later; run it again after an error.

--until DATE       the day the locks shall end, 2032-12-31, or RFC 3339
--days N           the same as days from now, by the store's clock
--class WHICH      structure (seals, checkpoints), content (batches, blobs) or all        (default all)
--key KEY|FILE     the verifier key, or a file with it; default: the one of the data directory
--legal-hold on|off   hold the objects until somebody lifts the hold; with or without a new end
--mode COMPLIANCE  change GOVERNANCE locks as well, which needs the right to bypass them, with an end. Nobody can undo it: takes --yes
--dry-run          say what would be done
${S3_USAGE}
--json             one object per changed or failed version, then the summary

Exit codes: 0 done · 1 something could not be extended, or does not verify · 2 could not run
`,
  async run(args, context) {
    const given = parseArguments(VERB, args, OPTIONS);
    const [word, place, ...more] = given.positionals;
    if (word !== 'extend') throw usageError(VERB, 'expected the word extend after archive, got something else');
    if (place === undefined || more.length > 0)
      throw usageError(VERB, 'expected one archive to extend, got another count');
    return extend(place, given, context);
  },
};

async function extend(place: string, given: Arguments, context: ServiceContext): Promise<number> {
  const location = parseArchiveLocation(place);
  if (location.kind !== 's3') throw notLockable();
  const mode = readMode(given, context);
  const hold = readHold(given);
  const until = readUntil(given);
  if (until === undefined && mode !== undefined) {
    throw usageError(
      VERB,
      'expected --until or --days with --mode, got neither',
      'name the end that the locks are to have',
    );
  }
  if (until === undefined && hold === undefined) {
    throw usageError(VERB, 'expected --until, --days or --legal-hold, got none of them');
  }
  const verifier = await readVerifier(given, context);
  const { archive: settings } = await context.loadConfig({ s3: readS3Flags(given) });
  const archive = await openArchive(location, { s3: settings.s3 });
  const keeper = new S3Keeper({ ...settings.s3, bucket: location.bucket, prefix: location.prefix });
  const printer = createPrinter(given, context);
  try {
    // The first answer tells the store's clock, by which locks are dated.
    await hasObjects(archive);
    const nowMs = context.now() + archive.clockSkewMs;
    const options: ExtendOptions = {
      until: until?.(nowMs),
      mode,
      hold,
      classes: readClasses(given),
      isDryRun: given.has('dry-run'),
      nowMs,
      onObject: (done) => printer.object(done),
    };
    const report = await extendLocks(archive, keeper, [verifier], options);
    if (report.objectCount === 0) throw nothingThere();
    printer.summary(report, archive.location);
    return report.failedCount > 0 || report.failureCount > 0 ? 1 : 0;
  } finally {
    await Promise.all([archive.close(), keeper.close()]);
  }
}

function createPrinter(given: Arguments, context: ServiceContext) {
  const isJson = context.json || given.has('json');
  const isDryRun = given.has('dry-run');
  const palette = createPalette(context.color);
  let errorLines = 0;
  return {
    object({ error, before, after, ...done }: ExtendedObject): void {
      if (done.outcome === 'unchanged' && !done.holdChanged) return;
      if (isJson) {
        const code = error === undefined ? {} : { code: error.code, message: error.message };
        const line = { object: 'extension', ...done, from: before, to: after, ...code };
        context.stdout(`${escapeJsonText(JSON.stringify(line))}\n`);
      } else if (error !== undefined && (errorLines += 1) <= MAX_ERROR_LINES) {
        context.stderr(`${palette.removed('failed')}     ${escapeText(error.message)} [${error.code}]\n`);
        if (errorLines === 1) context.stderr(`           hint: ${escapeText(error.hint)}\n`);
      }
    },
    summary(report: ExtendReport, location: string): void {
      if (isJson) {
        context.stdout(`${JSON.stringify({ object: 'summary', location, isDryRun, ...report })}\n`);
        return;
      }
      context.stdout(formatSummary(report, escapeText(location), isDryRun));
    },
  };
}

function formatSummary(report: ExtendReport, location: string, isDryRun: boolean): string {
  const { objectCount, extendedCount, unchangedCount, holdChangedCount, failedCount, failureCount, firstEnd } = report;
  const counts = [
    `${extendedCount} ${isDryRun ? 'would be extended' : 'extended'}`,
    `${unchangedCount} already so`,
    ...(holdChangedCount > 0 ? [`${holdChangedCount} holds ${isDryRun ? 'would change' : 'changed'}`] : []),
    ...(failedCount > 0 ? [`${failedCount} failed: run it again`] : []),
  ];
  const lines = [`archive    ${location}`, `objects    ${objectCount}: ${counts.join(', ')}`];
  if (firstEnd !== '')
    lines.push(`locks      the first of them ends ${firstEnd.slice(0, 10)}${isDryRun ? ' then' : ''}`);
  if (failureCount > 0) lines.push(`not whole  ${failureCount} findings: see stateseal verify ${location}`);
  return `${lines.join('\n')}\n`;
}

/** Undefined: every lock keeps its mode. */
function readMode(given: Arguments, context: ServiceContext): RetentionMode | undefined {
  const mode = given.text('mode');
  if (mode === undefined) return undefined;
  assertOneOf(VERB, '--mode', [mode], ['COMPLIANCE']);
  const warning = 'COMPLIANCE cannot be undone: nobody, no administrator and not the store, can delete or shorten';
  context.stderr(
    `warning    ${warning}\n           these objects before their locks end, and what they cost until then is paid\n`,
  );
  if (given.has('yes') || given.has('dry-run')) return 'COMPLIANCE';
  throw usageError(VERB, 'expected --yes with --mode COMPLIANCE, got none', 'add --yes if that is what you want');
}

function readHold(given: Arguments): boolean | undefined {
  const text = given.text('legal-hold');
  if (text === undefined) return undefined;
  assertOneOf(VERB, '--legal-hold', [text], ['on', 'off']);
  return text === 'on';
}

function readUntil(given: Arguments): ((nowMs: number) => Date) | undefined {
  const [date, days] = [given.text('until'), given.text('days')];
  if (date !== undefined && days !== undefined) throw usageError(VERB, 'expected --until or --days, got both');
  if (days !== undefined) {
    const count = parseCount(VERB, '--days', days, 1);
    if (count > 36_500) throw usageError(VERB, 'expected at most 36500 after --days, got more');
    return (nowMs) => new Date(Math.ceil((nowMs + count * DAY_MS) / 1000) * 1000);
  }
  if (date === undefined) return undefined;
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(date);
  const until = new Date(isDay ? `${date}T00:00:00Z` : date);
  const isTime = isDay || /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/.test(date);
  if (!isTime || Number.isNaN(until.getTime())) {
    throw usageError(VERB, 'expected a day or a time after --until, got something else', 'for example 2032-12-31');
  }
  return (nowMs) => {
    if (until.getTime() > nowMs) return until;
    throw usageError(VERB, 'expected a time to come after --until, got one that is over');
  };
}

function readClasses(given: Arguments): ExtendOptions['classes'] {
  const text = given.text('class') ?? 'all';
  const words = ['structure', 'content', 'all'] as const;
  assertOneOf(VERB, '--class', [text], words);
  return text === 'all' ? ['structure', 'content'] : text === 'structure' ? ['structure'] : ['content'];
}

function notLockable(): ConfigError {
  return new ConfigError('archive-not-lockable', 'expected an archive on S3, got a directory, which locks nothing', {
    hint: 'only a store with Object Lock keeps a retention: seal to s3://bucket/prefix',
  });
}

function nothingThere(): ConfigError {
  return new ConfigError('verify-no-log', 'expected objects of the log that this key belongs to, got none', {
    hint: "check the location (the log's folder or its parent), the key, and --class",
  });
}
