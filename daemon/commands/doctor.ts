// `stateseal doctor`: looks at the configuration, the host, the way to the archive and the bucket, and says what to mend
// and how. `--self-test` proves on a bucket what stateseal relies on. Changes no setting.
import { parseArchiveLocation, type ArchiveLocation } from '../archive/location.ts';
import { openArchive } from '../archive/open.ts';
import { S3Bucket } from '../archive/s3-bucket.ts';
import { S3Probe } from '../archive/s3-probe.ts';
import type { Config } from '../config.ts';
import { checkOrigin, checkReach, checkRights } from '../doctor/archive-checks.ts';
import { checkBucket } from '../doctor/bucket-checks.ts';
import { exitCodeOf, fail, ok, warn, type Check, type CheckResult } from '../doctor/check.ts';
import { checkDataDir, checkKeys } from '../doctor/local-checks.ts';
import { checkRetention } from '../doctor/retention-checks.ts';
import { runSelfTest } from '../doctor/self-test.ts';
import { checkSources } from '../doctor/source-checks.ts';
import { ConfigError } from '../errors.ts';
import { createPalette, escapeJsonText, escapeText, type Palette } from '../terminal.ts';
import { parseArguments, usageError, type Arguments } from './arguments.ts';
import { S3_OPTIONS, S3_USAGE, readS3Flags } from './s3-flags.ts';
import type { ServiceCommand, ServiceContext } from './service.ts';

const VERB = 'doctor';

export const doctorCommand: ServiceCommand = {
  name: VERB,
  summary: 'look at host, archive and bucket, and say what to mend',
  usage: `Usage: stateseal doctor [--archive PLACE]
       stateseal doctor --self-test s3://bucket/prefix

Looks at the configuration, the data directory, the keys, the way to the archive, the settings of its bucket and the
rights of these credentials, and whether buckets of states are read with others; one line each, with the fix. Changes nothing. Bucket settings need the credentials of an
auditor (docs/aws/auditor.json), rights are those of whoever runs it: run it once as each.

--archive PLACE        another archive than the configured one
--self-test PLACE      writes a few small objects below PLACE/self-test, locked for one day in GOVERNANCE, and shows what
                       the store does with conditions, locks, deletes and overwrites
${S3_USAGE}
--json                 one object per check: {"object":"check", "name", "result": "ok|warn|fail|unknown", "text", "fix"}

Exit codes: 0 nothing to mend (warnings may be) · 1 something to mend · 2 could not run
`,
  async run(args, context) {
    const given = parseArguments(VERB, args, OPTIONS);
    if (given.positionals.length > 0) throw usageError(VERB, 'expected flags only, got another word');
    const report = createReport(context, context.json || given.has('json'));
    const place = given.text('self-test');
    if (place === undefined) await lookAround(given, context, report.add);
    else await selfTest(place, given, context, report);
    return report.finish();
  },
};

const OPTIONS = { archive: { type: 'string' }, 'self-test': { type: 'string' }, ...S3_OPTIONS } as const;

type Add = (...checks: readonly Check[]) => void;

async function lookAround(given: Arguments, context: ServiceContext, add: Add): Promise<void> {
  const config = await loadOrReport(given, context, add);
  if (config === undefined) return;
  add(...(await checkDataDir(config.dataDir)), await checkKeys(config.dataDir));
  const { location } = config.archive;
  if (location.kind === 'directory') return add(...(await checkDirectory(location, config)));
  add(...checkRetention(config.archive));
  await checkS3(config, location, add);
}

/** A configuration with mistakes is what doctor is asked about, no reason to end. */
async function loadOrReport(given: Arguments, context: ServiceContext, add: Add): Promise<Config | undefined> {
  const archive = given.text('archive');
  try {
    const config = await context.loadConfig({ s3: readS3Flags(given), ...(archive === undefined ? {} : { archive }) });
    const roots = `${config.roots.length} ${config.roots.length === 1 ? 'root' : 'roots'}`;
    if (config.file === '') add(warn('config', 'no configuration file: flags and defaults only', 'stateseal init'));
    else if (config.roots.length + config.buckets.length === 0)
      add(warn('config', `${config.file} names nothing to watch`, 'set roots'));
    else add(ok('config', `${config.file}, ${roots}`));
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    add(fail('config', `${error.message} [${error.code}]`, error.hint));
    return undefined;
  }
}

async function checkDirectory(location: ArchiveLocation, config: Config): Promise<readonly Check[]> {
  const archive = await openArchive(location, { directory: { create: false } }).catch(() => undefined);
  const locks = warn(
    'archive',
    'the archive is a directory: whoever may write it can delete it',
    'seal to s3://bucket/prefix on a store with Object Lock',
  );
  if (archive === undefined)
    return config.archive.isDefault
      ? [locks]
      : [locks, warn('archive', 'the directory is not there yet', 'make it, or mount it')];
  try {
    return [locks, ...(await checkReach(archive)).filter(({ name }) => name === 'archive')];
  } finally {
    await archive.close();
  }
}

type S3Location = Extract<ArchiveLocation, { readonly kind: 's3' }>;

async function checkS3(config: Config, location: S3Location, add: Add): Promise<void> {
  const world = await openS3World(config, location);
  try {
    const origin = await checkOrigin(world.probe, config.archive.s3.allowInstanceRole === true);
    add(origin);
    // Without credentials, or with refused ones, every other line would say the same.
    if (origin.result === 'fail') return;
    add(...(await checkSources({ ...config.archive.s3, bucket: location.bucket, prefix: '' }, config.buckets)));
    const reached = await checkReach(world.archive);
    add(...reached);
    if (reached.some(({ result, name }) => name === 'archive' && result === 'fail')) {
      add(...(await checkBucket(world.bucket, location.prefix)));
      return;
    }
    add(...(await checkBucket(world.bucket, location.prefix)), ...(await checkRights(world.probe)));
  } finally {
    await world.close();
  }
}

async function selfTest(
  place: string,
  given: Arguments,
  context: ServiceContext,
  report: ReturnType<typeof createReport>,
): Promise<void> {
  const location = parseArchiveLocation(place);
  if (location.kind !== 's3') throw usageError(VERB, 'expected s3://bucket/prefix after --self-test, got a directory');
  const config = await context.loadConfig({ s3: readS3Flags(given) });
  report.note(
    `self-test  writes below ${place.replace(/\/$/, '')}/self-test, locked in GOVERNANCE for 1 day: until then no one without the right to bypass removes it`,
  );
  const world = await openS3World(config, location);
  try {
    const origin = await checkOrigin(world.probe, config.archive.s3.allowInstanceRole === true);
    report.add(origin);
    if (origin.result === 'fail') return;
    report.add(...(await checkBucket(world.bucket, location.prefix)));
    const { checks, leftAt } = await runSelfTest(world.archive, world.probe, context.now());
    report.add(...checks);
    if (leftAt !== '') report.note(`left       ${world.archive.location}/${leftAt}: free to be removed after a day`);
  } finally {
    await world.close();
  }
}

async function openS3World(config: Config, { bucket: name, prefix }: S3Location) {
  const options = { ...config.archive.s3, bucket: name, prefix };
  const [bucket, probe] = [new S3Bucket(options), new S3Probe(options)];
  const archive = await openArchive({ kind: 's3', bucket: name, prefix }, { s3: config.archive.s3 });
  const close = async (): Promise<void> => void (await Promise.all([archive.close(), bucket.close(), probe.close()]));
  return { bucket, probe, archive, close };
}

function createReport(context: ServiceContext, isJson: boolean) {
  const palette = createPalette(context.color);
  const all: Check[] = [];
  return {
    add: (...checks: readonly Check[]): void => {
      all.push(...checks);
      for (const check of checks) context.stdout(isJson ? toJson(check) : formatCheck(check, palette));
    },
    note(text: string): void {
      if (!isJson) context.stdout(`${escapeText(text)}\n`);
    },
    finish(): number {
      const count = (wanted: CheckResult): number => all.filter(({ result }) => result === wanted).length;
      if (!isJson) {
        const parts = [
          `${count('ok')} ok`,
          `${count('warn')} to know`,
          `${count('fail')} to mend`,
          `${count('unknown')} not seen`,
        ];
        context.stdout(`${parts.join(', ')}\n`);
      }
      return exitCodeOf(all);
    },
  };
}

function toJson(check: Check): string {
  return `${escapeJsonText(JSON.stringify({ object: 'check', ...check }))}\n`;
}

function formatCheck({ name, result, text, fix }: Check, palette: Palette): string {
  const mark = { ok: palette.added('ok'), warn: palette.warning('warn'), fail: palette.removed('FAIL'), unknown: '?' }[
    result
  ];
  const gap = ' '.repeat(6 - { ok: 2, warn: 4, fail: 4, unknown: 1 }[result]);
  const lines = escapeLines(text).join('\n        ');
  return `${mark}${gap}${name.padEnd(19)} ${lines}\n${fix === '' ? '' : `      ${''.padEnd(19)} fix: ${escapeText(fix)}\n`}`;
}

/** Problems of a configuration come one per line. */
function escapeLines(text: string): string[] {
  return text.split('\n').map(escapeText);
}
