// stateseal import: history that exists already, into the log of the data directory; or, with --dry-run, into a log of its
// own in a temporary folder, which is counted and removed.
import { readTime } from '../answers/time-filter.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Config } from '../config.ts';
import type { SourceSettings } from '../config-sources.ts';
import { callDaemon } from '../control.ts';
import { CONTROL_FILE, DATABASE_FILE, openDaemon } from '../daemon.ts';
import { ConfigError, StoreError } from '../errors.ts';
import type { ImportProgress } from '../history-import.ts';
import type { ImportState } from '../import-jobs.ts';
import { createKindCounter, type KindCounter } from '../importing.ts';
import { openDatabaseReadOnly } from '../store/database.ts';
import { parseArguments, usageError, refuseFlag } from './arguments.ts';
import { createImportScreen, type ImportScreen } from './import-screen.ts';
import { SOURCE_OPTIONS, SOURCE_USAGE, readSourceFlags } from './s3-flags.ts';
import type { ServiceCommand, ServiceContext } from './service.ts';

export const importCommand: ServiceCommand = {
  name: 'import',
  summary: 'record history that already exists',
  usage: `Usage: stateseal import <s3://bucket/prefix | directory> [--since TIME] [--dry-run]

Records the versions of states that exist already: the object versions of a versioned bucket, or what is left beside
local states (numbered backups, .backup, the state). Each version is recorded as it would have been watched, with its own
time, marked as imported; nothing of it is an alarm. Interrupted, it goes on where it was when it is run again. States that
watch has recorded before are left alone. Where a daemon runs on the data directory, it imports.

  --since TIME        from the newest version of each state before this time on: 30d, 2026-05-01   (default: all)
  --dry-run           only count: needs no log, changes none
${SOURCE_USAGE.replace('the same for the buckets of states', 'how to reach the bucket')}
  --archive PLACE     where to seal, when no daemon runs: see watch   (default: the configuration, else the data directory)
  --json              print the counts as one line of JSON
Exit codes: 0 imported or counted · 2 could not, or stopped before the end
`,
  async run(args, context) {
    const given = parseArguments('import', args, {
      since: { type: 'string' },
      'dry-run': { type: 'boolean' },
      archive: { type: 'string' },
      ...SOURCE_OPTIONS,
    });
    const [place, ...more] = given.positionals;
    if (place === undefined || more.length > 0) throw usageError('import', 'expected one place to import from');
    const request: Request = {
      place: /^s3:/iu.test(place) ? place : resolve(place),
      sinceMs: readTime(given, refuseFlag('import'), 'since', context.now()),
      settings: readSourceFlags(given),
    };
    const archive = given.text('archive');
    const flags = { httpPort: 'off', source: request.settings, ...(archive === undefined ? {} : { archive }) };
    const config = await context.loadConfig(flags);
    const screen = createImportScreen(context);
    if (given.has('dry-run')) return dryRun(config, request, context, screen);
    return (
      (await importByDaemon(config.dataDir, request, context, screen)) ?? importHere(config, request, context, screen)
    );
  },
};

interface Request {
  readonly place: string;
  readonly sinceMs: number | undefined;
  readonly settings: SourceSettings;
}

const CALL_MS = 30_000;
const ASK_MS = 500;

/** Undefined where no daemon runs. */
async function importByDaemon(
  dataDir: string,
  request: Request,
  context: ServiceContext,
  screen: ImportScreen,
): Promise<number | undefined> {
  const path = join(dataDir, CONTROL_FILE);
  let state: ImportState;
  try {
    state = (await callDaemon(path, 'import', CALL_MS, { ...request })) as ImportState;
  } catch (error) {
    if (error instanceof ConfigError && error.code === 'daemon-not-running') return undefined;
    throw error;
  }
  while (state.isRunning) {
    if (!(await context.pause(ASK_MS))) {
      screen.note('the import goes on in the daemon: stateseal log shows it');
      return 2;
    }
    state = (await callDaemon(path, 'import', CALL_MS, { ask: true })) as ImportState;
    if (state.progress !== undefined) screen.progress(state.progress);
  }
  if (state.error !== undefined) {
    const { code, message, hint } = state.error;
    throw new StoreError(code, message, { hint });
  }
  return state.progress === undefined ? 2 : screen.done(state.progress, undefined, 'imported');
}

async function importHere(
  config: Config,
  request: Request,
  context: ServiceContext,
  screen: ImportScreen,
  counted: 'imported' | 'counted' = 'imported',
): Promise<number> {
  let counter: KindCounter | undefined;
  const daemon = await openDaemon(
    config,
    {
      onOutcome: (outcome) => counter?.add(outcome),
      onSealed: () => undefined,
      onProblem: (problem) => screen.problem(problem),
    },
    'import',
  );
  const database = openDatabaseReadOnly(join(config.dataDir, DATABASE_FILE));
  const stop = new AbortController();
  void context.untilStopped().then(() => stop.abort());
  try {
    counter = createKindCounter(database);
    const onProgress = (progress: ImportProgress): void => screen.progress(progress);
    const ended = daemon.import(request, onProgress, stop.signal);
    const progress = await Promise.race([ended, daemon.died.then((error) => Promise.reject(error))]);
    return screen.done(progress, counter.counts(), counted);
  } finally {
    await daemon.close('import finished').finally(() => database.close());
  }
}

/** The real recorder on a log that nobody keeps, so that the figures are those of an import. */
async function dryRun(
  config: Config,
  request: Request,
  context: ServiceContext,
  screen: ImportScreen,
): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), 'stateseal-dry-run-'));
  try {
    const archive = { ...config.archive, location: { kind: 'directory' as const, path: join(dataDir, 'archive') } };
    // Never sealed: nobody will read it.
    const seal = { ...config.seal, maxAgeMs: 86_400_000, maxRecords: 1_000_000_000, maxBytes: 2 ** 40 };
    return await importHere(
      { ...config, dataDir, archive, seal, http: undefined },
      request,
      context,
      screen,
      'counted',
    );
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}
