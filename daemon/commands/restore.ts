// stateseal restore: a lost data directory from its archive, or a new log that succeeds one whose key is lost.
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Archive } from '../archive/archive.ts';
import { parseArchiveLocation } from '../archive/location.ts';
import { openArchive } from '../archive/open.ts';
import { DATABASE_FILE, isRestoreCut, RESTORED_FILE } from '../daemon.ts';
import { ConfigError, IntegrityError } from '../errors.ts';
import { listEpochKeys, openLogKey, openRedactionKeys, readLogKey, type LogKey } from '../keys.ts';
import { beginSuccessor, restoreLog, syncFolder, type RestoreParts, type RestoreReport } from '../restore/restore.ts';
import { openDataLock } from '../store/data-lock.ts';
import { escapeText } from '../terminal.ts';
import { createProgressBar } from '../verify/progress-bar.ts';
import { formatCount } from '../verify/render-count.ts';
import type { VerifyReport } from '../verify/report.ts';
import { parseArguments, usageError, type Arguments } from './arguments.ts';
import { S3_OPTIONS, S3_USAGE, readS3Flags } from './s3-flags.ts';
import type { ServiceCommand, ServiceContext } from './service.ts';

const VERB = 'restore';

export const restoreCommand: ServiceCommand = {
  name: VERB,
  summary: 'a lost data directory, from its archive',
  usage: `Usage: stateseal restore --from <archive> [--since FILE] [--replace]
       stateseal restore --from <archive> --successor --key KEY|FILE

Verifies the archive and makes the data directory of its log again, to be continued by \`stateseal watch\`. Only what a
signed seal vouches for is taken. Put the keys back first: keys/log.key, keys/equality.key and keys/epoch-*.key of the
lost directory; without the last two, states begin anew where hidden values cannot be compared. Records that were not
sealed when the host was lost are lost with it: the log shows an interruption there.

The old recorder must never run again: two recorders with one key are a fork.

--from PLACE     the archive: a directory or s3://bucket/prefix (the log's folder or its parent)
--since FILE     a checkpoint you kept: refuse an archive that ends before it
--replace        a database stands there already, an older one: keep it beside, under another name
--successor      keys/log.key is lost: begin a new log that names the head of the old one
--key KEY|FILE   with --successor: the verifier key of the old log
${S3_USAGE}
--json           {"object":"restore", "size", "batches", "states", …}
Exit codes: 0 restored · 1 the archive does not verify, nothing was restored · 2 could not run
`,
  async run(args, context) {
    const given = parseArguments(VERB, args, {
      from: { type: 'string' },
      since: { type: 'string' },
      replace: { type: 'boolean' },
      successor: { type: 'boolean' },
      key: { type: 'string' },
      ...S3_OPTIONS,
    });
    const from = given.text('from');
    if (from === undefined) throw usageError(VERB, 'expected --from with an archive, got none');
    // Nothing is made, and no right changed, where there is no key to go on with.
    if (!given.has('successor')) assertKeys(await readLogKey(context.dataDir), false);
    await mkdir(context.dataDir, { recursive: true, mode: 0o700 });
    await chmod(context.dataDir, 0o700);
    const lock = openDataLock(join(context.dataDir, 'lock'));
    try {
      return await restore(given, context, from);
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      context.stderr(`${escapeText(error.message)} [${error.code}]\nhint: ${escapeText(error.hint)}\n`);
      return 1;
    } finally {
      lock.close();
    }
  },
};

async function restore(given: Arguments, context: ServiceContext, from: string): Promise<number> {
  const databasePath = join(context.dataDir, DATABASE_FILE);
  const isSuccessor = given.has('successor');
  const key = await readLogKey(context.dataDir);
  // The key that a cut run made for the successor is no reason to refuse.
  assertKeys(key, isSuccessor && !(isRestoreCut(context.dataDir) && key !== undefined));
  assertPlace(databasePath, given);
  const since = given.text('since');
  const kept = since === undefined ? {} : { since: Buffer.from(await context.readFile(since)).toString('utf8') };
  const archive = await openFrom(given, context, from);
  const bar = createProgressBar(context, context.json);
  try {
    // The old database is set aside only once the new one stands beside it.
    const parts: RestoreParts = {
      archive,
      databasePath: join(context.dataDir, RESTORED_FILE),
      options: { nowMs: context.now(), ...kept, onProgress: bar.show },
    };
    const result =
      isSuccessor || key === undefined ? await succeed(given, context, parts) : await takeBack(context, parts, key);
    bar.clear();
    await putInPlace(parts.databasePath, databasePath, context);
    context.stdout(context.json ? `${JSON.stringify(result.json)}\n` : result.text);
    return 0;
  } finally {
    bar.clear();
    await archive.close();
  }
}

interface Result {
  readonly json: object;
  readonly text: string;
}

async function takeBack(context: ServiceContext, parts: RestoreParts, key: LogKey): Promise<Result> {
  const year = new Date(context.now()).getUTCFullYear();
  const had = new Set(await listEpochKeys(context.dataDir));
  const report = await restoreLog({
    ...parts,
    key,
    openKeys: (kids) => openRedactionKeys(context.dataDir, year, kids),
  });
  const lostKids = [...report.kids].filter((kid) => !had.has(kid));
  const { verified, rebuilt } = report;
  const json = { object: 'restore', ...counts(verified), ...rebuilt, lostEpochs: lostKids, origin: verified.origin };
  const isTied = parts.options.since !== undefined;
  return { json, text: describeRestore(report, parts.archive.location, lostKids, isTied) };
}

async function succeed(given: Arguments, context: ServiceContext, parts: RestoreParts): Promise<Result> {
  const text = given.text('key');
  if (text === undefined) throw usageError(VERB, 'expected --key with --successor, got none');
  const isFile = existsSync(text);
  const vkey = (isFile ? Buffer.from(await context.readFile(text)).toString('utf8') : text).trim();
  const verified = await beginSuccessor({ ...parts, vkey });
  const config = await context.loadConfig({});
  const key = await openLogKey(context.dataDir, config.logName);
  if (key.signer.name === verified.origin) throw keyThere();
  await openRedactionKeys(context.dataDir, new Date(context.now()).getUTCFullYear());
  const json = { object: 'successor', origin: key.signer.name, vkey: key.vkey, predecessor: verified.origin };
  return { json: { ...json, ...counts(verified) }, text: describeSuccessor(verified, key) };
}

function counts({ records, batchCount, head }: VerifyReport) {
  return { size: records.size, batches: batchCount, root: head?.root ?? '' };
}

function describeRestore(
  { verified, rebuilt }: RestoreReport,
  location: string,
  lostKids: readonly string[],
  isTied: boolean,
): string {
  const { records, batchCount, head } = verified;
  const { stateCount, withoutSnapshotCount, openChangeCount } = rebuilt;
  const lines = [
    `verified   ${formatCount(records.size)} records, ${formatCount(batchCount)} batches in ${escapeText(location)}`,
    `           root ${head?.root ?? ''}, size ${formatCount(records.size)}`,
    `restored   ${escapeText(verified.origin)}: ${formatCount(stateCount)} states, ${formatCount(openChangeCount)} changes still open`,
    ...(records.expiredCount > 0
      ? [`expired    the content of ${formatCount(records.expiredCount)} records; their leaf hashes are kept`]
      : []),
    ...(withoutSnapshotCount > 0
      ? [`begins anew: ${formatCount(withoutSnapshotCount)} states whose snapshot is not in the archive any more`]
      : []),
    ...(lostKids.length > 0
      ? [
          `key lost   epoch ${lostKids.join(', ')}: hidden values of that time cannot be compared; their states begin anew`,
        ]
      : []),
    ...(isTied ? [] : ['not known  whether newer seals were removed: only --since with a checkpoint you kept tells']),
    'not in it  what was recorded and not sealed when the host was lost; which strings were known as secrets (they are',
    '           learned again from the states as they are)',
    'next       make sure that the old recorder never runs again, then: stateseal watch, with this archive: at another',
    '           place everything is sent again',
  ];
  return `${lines.join('\n')}\n`;
}

function describeSuccessor({ origin, records, head }: VerifyReport, key: LogKey): string {
  return [
    `verified   ${formatCount(records.size)} records of ${escapeText(origin)}`,
    `new log    ${key.signer.name}   key ${key.vkey}`,
    `           its first record will name the old head: size ${formatCount(records.size)}, root ${head?.root ?? ''}`,
    'next       give the new key to whoever verifies, then: stateseal watch',
    '',
  ].join('\n');
}

function assertKeys(key: LogKey | undefined, isSuccessor: boolean): void {
  if (key === undefined && !isSuccessor) {
    throw new ConfigError('restore-key-missing', "expected the log's key in keys/log.key, got none", {
      hint: 'put it back from your backup; if it is lost for good: stateseal restore --successor --key <the old vkey>',
    });
  }
  if (key !== undefined && isSuccessor) throw keyThere();
}

function keyThere(): ConfigError {
  return new ConfigError('restore-key-there', 'expected no keys/log.key with --successor, got one', {
    hint: 'with the key the log itself goes on: leave out --successor; for a new log name an empty --data-dir',
  });
}

function assertPlace(databasePath: string, given: Arguments): void {
  if (!existsSync(databasePath) || given.has('replace')) return;
  throw new ConfigError('restore-occupied', 'expected no database in the data directory, got one', {
    hint: 'is it an older one? --replace keeps it beside the restored one; else name another --data-dir',
  });
}

async function openFrom(given: Arguments, context: ServiceContext, from: string): Promise<Archive> {
  const location = parseArchiveLocation(from);
  const { archive } = await context.loadConfig({ s3: readS3Flags(given) });
  return openArchive(location, { s3: archive.s3, directory: { create: false } });
}

/**
 * What stood there keeps its rows under the name of the moment. The database goes first: cut after that, nothing starts
 * here before this was run again, and its write-ahead files then follow it.
 */
async function putInPlace(restored: string, path: string, context: ServiceContext): Promise<void> {
  const mark = new Date(context.now()).toISOString().replaceAll(/[-:.]/gu, '');
  const aside = existsSync(path) ? `${path}.before-${mark}` : ((await newestAside(path)) ?? `${path}.before-${mark}`);
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(path + suffix)) await rename(path + suffix, aside + suffix);
  }
  await rename(restored, path);
  await syncFolder(dirname(path));
}

/** The database that an interrupted run set aside. */
async function newestAside(path: string): Promise<string | undefined> {
  const names = await readdir(dirname(path));
  const aside = names.filter((name) => /^\.before-\d{8}T\d{9}Z$/u.test(name.slice(basename(path).length)));
  const newest = aside
    .filter((name) => name.startsWith(basename(path)))
    .sort()
    .at(-1);
  return newest === undefined ? undefined : join(dirname(path), newest);
}
