// `stateseal monitor`: verifies an archive on a timer, from another account than the one that writes it, and tells what is
// wrong when it appears and when it is gone. Owns the timer, the flags and the screen; the rounds are verify/monitor.ts.
import { join } from 'node:path';
import { openArchive, type ArchiveOptions } from '../archive/open.ts';
import { parseArchiveLocation } from '../archive/location.ts';
import type { Verifier } from '../merkle/note.ts';
import { createMonitor, type Monitor, type MonitorOptions } from '../verify/monitor.ts';
import { createMonitorFiles, lockMonitorFiles } from '../verify/monitor-files.ts';
import { createProgressBar } from '../verify/progress-bar.ts';
import type { VerifyProgress } from '../verify/verify-archive.ts';
import { formatRoundJson, renderEvents, renderRound } from '../verify/render-monitor.ts';
import { keepHeapSmall } from '../verify/small-heap.ts';
import { parseArguments, parseCount, usageError, type Arguments } from './arguments.ts';
import { parseDuration } from './duration.ts';
import { S3_OPTIONS, S3_USAGE, readS3Flags } from './s3-flags.ts';
import type { ServiceCommand, ServiceContext } from './service.ts';
import { readVerifier } from './verifier-key.ts';

const VERB = 'monitor';

export const monitorCommand: ServiceCommand = {
  name: VERB,
  summary: 'watch an archive from elsewhere, and alarm',
  usage: `Usage: stateseal monitor <archive> [--key KEY|FILE] [--state DIR] [--every 1h] [--once]

Verifies an archive (a directory or s3://bucket/prefix) again and again, from an account that can only read it, and keeps
the newest checkpoint it has verified: a log that shrinks or is rewritten later does not go on from it. The first
round and one a day read everything; those between read what is new and look at the listing of all the rest.

--key KEY|FILE      the verifier key, or a file with it; default: the one of the data directory
--state DIR         where the checkpoint is kept, <log>.checkpoint, good for verify --since (default <data dir>/monitor)
--every T           time between two rounds (default 1h): 15m, 1h, 1d
--once              one round, for cron and systemd timers
--max-age T         alarm when the newest record is older (default: 2.5 heartbeats and an hour, unless it has stopped)
--expiry-warning T  alarm when a lock of a seal ends within this time (default 30d)
--full-every T      read everything at least so often (default 1d)
--from N            read from size N on (a batch boundary), when what lies before is no longer kept
${S3_USAGE}
--json              {"object":"alarm","change":"raised|reminded|cleared", …} and {"object":"round","exit", …} on standard output

Alarms go to standard error, once when they appear, once a day while they last, once when they are gone.
Exit codes: 0 no alarm · 1 integrity or consistency · 2 could not run or not read · 3 overdue, gaps, other warnings.
`,
  async run(args, context) {
    keepHeapSmall();
    const given = parseArguments(VERB, args, OPTIONS);
    if (given.has('help')) {
      context.stdout(monitorCommand.usage);
      return 0;
    }
    const [target, ...more] = given.positionals;
    if (target === undefined || more.length > 0) throw usageError(VERB, 'expected one archive, got none or more');
    const everyMs = parseDuration(VERB, '--every', given.text('every') ?? '1h');
    const bar = createProgressBar(context, isJson(given, context));
    const watch = createWatch(context);
    const onProgress = (progress: VerifyProgress): void => {
      watch.assertGoing();
      bar.show(progress);
    };
    const verifier = await readVerifier(given, context);
    const place = { folder: given.text('state') ?? join(context.dataDir, 'monitor'), name: fileName(verifier.name) };
    const monitor = createMonitor({ ...(await readOptions(given, context, target, verifier, place)), onProgress });
    const plan = { everyMs, isOnce: given.has('once'), isJson: isJson(given, context), clearBar: bar.clear };
    const lock = await lockMonitorFiles(place.folder, place.name);
    try {
      return await watch.run(plan.isOnce, () => runRounds(monitor, context, plan));
    } finally {
      lock.close();
    }
  },
};

const OPTIONS = {
  key: { type: 'string' },
  state: { type: 'string' },
  every: { type: 'string' },
  once: { type: 'boolean' },
  'max-age': { type: 'string' },
  'expiry-warning': { type: 'string' },
  'full-every': { type: 'string' },
  from: { type: 'string' },
  ...S3_OPTIONS,
} as const;

interface RoundPlan {
  readonly everyMs: number;
  readonly isOnce: boolean;
  readonly isJson: boolean;
  readonly clearBar: () => void;
}

async function runRounds(monitor: Monitor, context: ServiceContext, plan: RoundPlan): Promise<number> {
  for (;;) {
    const result = await monitor.round().finally(plan.clearBar);
    const nowMs = context.now();
    if (plan.isJson) context.stdout(formatRoundJson(result, nowMs));
    else {
      context.stderr(renderEvents(result, nowMs, context.color));
      if (!context.quiet) context.stdout(renderRound(result, nowMs));
    }
    if (plan.isOnce || !(await context.pause(plan.everyMs))) return plan.isOnce ? result.exit : 0;
  }
}

class Stopped extends Error {}

/** A round may take hours: when the user wants to stop, it ends at the next batch. */
function createWatch(context: ServiceContext) {
  let isStopped = false;
  return {
    assertGoing: (): void => {
      if (isStopped) throw new Stopped();
    },
    async run(isOnce: boolean, work: () => Promise<number>): Promise<number> {
      void context.untilStopped().then(() => (isStopped = true));
      try {
        return await work();
      } catch (error) {
        // Nothing was found out: a caller of one round must not take that for no alarm.
        if (error instanceof Stopped) return isOnce ? 2 : 0;
        throw error;
      }
    },
  };
}

async function readOptions(
  given: Arguments,
  context: ServiceContext,
  target: string,
  verifier: Verifier,
  { folder, name }: { readonly folder: string; readonly name: string },
): Promise<MonitorOptions> {
  const location = parseArchiveLocation(target);
  const opening: ArchiveOptions = { ...(await s3Options(given, context, target)), directory: { create: false } };
  const duration = (flag: string): number | undefined => {
    const text = given.text(flag);
    return text === undefined ? undefined : parseDuration(VERB, `--${flag}`, text);
  };
  return {
    openArchive: () => openArchive(location, opening),
    verifier,
    store: createMonitorFiles(folder, name),
    now: () => context.now(),
    pause: (ms) => context.pause(ms),
    fullEveryMs: duration('full-every') ?? 86_400_000,
    expiryWarningMs: duration('expiry-warning') ?? 30 * 86_400_000,
    maxAgeMs: duration('max-age'),
    from: parseCount(VERB, '--from', given.text('from') ?? '0'),
  };
}

/** The log's own name of its folder, without what a path would be. */
function fileName(origin: string): string {
  const name = origin.slice(origin.lastIndexOf('/') + 1).replaceAll(/[^A-Za-z0-9_-]/g, '_');
  return name === '' ? 'log' : name;
}

function isJson(given: Arguments, context: ServiceContext): boolean {
  return context.json || given.has('json');
}

async function s3Options(given: Arguments, context: ServiceContext, target: string): Promise<ArchiveOptions> {
  if (!target.startsWith('s3://')) return {};
  const { archive } = await context.loadConfig({ s3: readS3Flags(given) });
  return { s3: archive.s3 };
}
