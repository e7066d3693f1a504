// stateseal watch: records until stopped. What the service runs.
import { join } from 'node:path';
import { DATABASE_FILE, openDaemon, type Daemon } from '../daemon.ts';
import { ConfigError } from '../errors.ts';
import { createBatches } from '../store/batches.ts';
import { openDatabaseReadOnly } from '../store/database.ts';
import { createQueries, type Queries } from '../store/queries.ts';
import { readLockForecast } from '../store/queries-locks.ts';
import { parseArguments } from './arguments.ts';
import { S3_OPTIONS, S3_USAGE, SOURCE_OPTIONS, SOURCE_USAGE, readS3Flags, readSourceFlags } from './s3-flags.ts';
import type { ServiceCommand, ServiceContext } from './service.ts';
import { createWatchScreen } from './watch-screen.ts';
import type { Config } from '../config.ts';

export const watchCommand: ServiceCommand = {
  name: 'watch',
  summary: 'record until stopped',
  usage: `Usage: stateseal watch [dir, file or s3://bucket/prefix…]

Records every change of the Terraform and OpenTofu states below the given directories and prefixes of versioned
buckets, and of files given by name, until Ctrl-C; then seals what is open and exits 0. Started again, it continues the
same log, and a bucket's versions of the meantime with it.

  --archive PLACE     where to seal: a directory, or s3://bucket/prefix   (default <data dir>/archive)
${S3_USAGE.replaceAll(/^(--\S+ \S+) +/gm, (_, flag: string) => `  ${flag.padEnd(20)}`)}
${SOURCE_USAGE}
  --seal-after SECS   seal when the oldest unsealed record is this old    (default 60)
  --http PORT|off     port of the local API on 127.0.0.1                  (default 7373)
  --config FILE       configuration; flags win over it
  --data-dir DIR      where the log lives   (default $STATE_DIRECTORY, $XDG_STATE_HOME/stateseal)
  --json              print each record as one line of JSON
Exit codes: 0 stopped and sealed · 2 could not run, could not seal at the end, or the recorder's thread ended
`,
  async run(args, context) {
    const given = parseArguments('watch', args, {
      archive: { type: 'string' },
      'seal-after': { type: 'string' },
      http: { type: 'string' },
      ...S3_OPTIONS,
      ...SOURCE_OPTIONS,
    });
    const archive = given.text('archive');
    const sealAfter = given.text('seal-after');
    const httpPort = given.text('http');
    const config = await context.loadConfig({
      roots: given.positionals,
      s3: readS3Flags(given),
      source: readSourceFlags(given),
      ...(archive === undefined ? {} : { archive }),
      ...(sealAfter === undefined ? {} : { sealAfter }),
      ...(httpPort === undefined ? {} : { httpPort }),
    });
    if (config.roots.length + config.buckets.length === 0 && config.backend === undefined) {
      throw new ConfigError('no-roots', 'expected a directory or bucket to watch, got none', {
        hint: 'for example: stateseal watch ./infra',
      });
    }
    return watch(config, context);
  },
};

export async function watch(config: Config, context: ServiceContext): Promise<number> {
  const reader: { queries?: Queries } = {};
  const screen = createWatchScreen(config, context, () => reader.queries);
  const stopped = context.untilStopped();
  const daemon = await openDaemon(config, {
    onOutcome: (outcome) => screen.outcome(outcome),
    onSealed: (batch) => screen.sealed(batch),
    onProblem: (problem) => screen.problem(problem),
  });
  const database = openDatabaseReadOnly(join(config.dataDir, DATABASE_FILE));
  const queries = createQueries(database, createBatches(database));
  reader.queries = queries;
  screen.greet(daemon, queries.states(), {
    locks: readLockForecast(database, context.now()),
    backend: await daemon.backendStatus(),
  });
  const end = await Promise.race([stopped, daemon.died]);
  if (typeof end === 'string') {
    screen.line('\nstopping   sealing what is open');
    return closeDaemon(daemon, end, screen, () => database.close());
  }
  // Nothing is recorded any more: end, so that whoever supervises starts it again.
  await daemon.close(end.code).catch(() => undefined);
  database.close();
  throw end;
}

async function closeDaemon(
  daemon: Daemon,
  reason: string,
  screen: ReturnType<typeof createWatchScreen>,
  release: () => void,
): Promise<number> {
  try {
    await daemon.close(reason);
    const { problem } = daemon.sealerStatus();
    screen.line(problem ? 'stopped    not everything is sealed: it is kept, and sealed at the next start' : 'stopped.');
    return problem ? 2 : 0;
  } finally {
    release();
  }
}
