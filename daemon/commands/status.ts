// stateseal status: recorder, states, backlog, open changes and locks, warnings; from the database, and from the
// running daemon where there is one.
import { join } from 'node:path';
import type { BackendStatus } from '../backend-door.ts';
import { callDaemon } from '../control.ts';
import { ConfigError } from '../errors.ts';
import type { HeldLock } from '../recorder/held-lock.ts';
import type { UnseenState } from '../record/inventory.ts';
import type { SealerStatus } from '../sealer/sealer.ts';
import type { SpoolStatus } from '../spool/reader.ts';
import { createBatches } from '../store/batches.ts';
import { openDatabaseReadOnly, type Sqlite } from '../store/database.ts';
import { createQueries } from '../store/queries.ts';
import { readBacklog, type Backlog } from '../store/queries-backlog.ts';
import type { ListedState } from '../store/inventory.ts';
import type { StateOutline } from '../store/queries-states.ts';
import { createStates } from '../store/states.ts';
import { readLockForecast, type LockForecast } from '../store/queries-locks.ts';
import { createPalette, escapeText } from '../terminal.ts';
import { formatCount, formatDuration } from '../verify/render-count.ts';
import { parseArguments } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { formatBackend } from './render-backend.ts';
import { formatForecast } from './render-locks.ts';
import { formatHold, formatHolds } from './render-holds.ts';
import { formatWho } from './render-who.ts';

interface Live {
  readonly pid: number;
  readonly sealer: SealerStatus;
  readonly holds: readonly HeldLock[];
  readonly spool: SpoolStatus;
  readonly backend?: BackendStatus;
}

export const statusCommand: Command = {
  name: 'status',
  summary: 'recorder, states, backlog, warnings',
  usage: `Usage: stateseal status [--locks]

Says whether a recorder runs on the data directory, which states it knows, who holds which lock since when, what is
not sealed yet and why, and when the locks of sealed objects end.

  --locks   only the locks beside states, each with everything that is known of who holds it
  --json    one object
Exit codes: 0 · 2 there is no log, or it cannot be read
`,
  async run(args, context) {
    const given = parseArguments('status', args, { locks: { type: 'boolean' } });
    const database = openDatabaseReadOnly(join(context.dataDir, 'log.sqlite'));
    try {
      const status = await readStatus(database, context);
      const isOnlyLocks = given.has('locks');
      const text = isOnlyLocks ? formatHoldsInFull : formatStatus;
      const json = isOnlyLocks ? { holds: status.holds ?? null } : status;
      context.stdout(context.json ? `${JSON.stringify(json)}\n` : text(status, context));
      return 0;
    } finally {
      database.close();
    }
  },
};

interface Status {
  readonly recorder: 'running' | 'stopped';
  readonly pid: number | undefined;
  readonly size: number;
  readonly sealed: number;
  readonly published: number;
  readonly unsealed: number;
  readonly backlog: Backlog;
  readonly sealer: SealerStatus | undefined;
  readonly states: readonly (StateOutline & { readonly lock: string; readonly isChanging: boolean })[];
  /** Locks beside states by the running recorder; undefined where none runs. */
  readonly holds: readonly HeldLock[] | undefined;
  /** What the recorder says of its spool; undefined while it does not run. */
  readonly spool: SpoolStatus | undefined;
  /** undefined when none is configured, or nothing runs. */
  readonly backend: BackendStatus | undefined;
  /** States that nobody watches, and watched ones that nobody can look at, by the newest inventories in the log. */
  readonly unwatched: readonly ListedState[];
  readonly unwatchedCount: number;
  readonly silent: readonly UnseenState[];
  /** By the receipts in the log; undefined where nothing was locked. */
  readonly locks: LockForecast | undefined;
}

async function readStatus(database: Sqlite, context: CommandContext): Promise<Status> {
  const batches = createBatches(database);
  const queries = createQueries(database, batches);
  const rows = createStates(database);
  const live = await askDaemon(context.dataDir);
  const outlines = batches.outlines();
  const published = outlines.filter((batch) => batch.phase === 'published').at(-1)?.size ?? 0;
  const size = queries.size();
  const sealed = batches.frozenSize();
  const inventories = queries.inventory.newest();
  return {
    recorder: live ? 'running' : 'stopped',
    pid: live?.pid,
    size,
    sealed,
    published,
    unsealed: size - sealed,
    backlog: readBacklog(database, published),
    sealer: live?.sealer,
    states: queries.states().map((state) => ({
      ...state,
      lock: rows.byId(state.id)?.lock ?? '',
      isChanging: rows.openChange(state.id) !== undefined,
    })),
    holds: live?.holds,
    spool: live?.spool,
    backend: live?.backend,
    unwatched: inventories.flatMap((inventory) => inventory.unwatched),
    unwatchedCount: inventories.reduce((sum, inventory) => sum + inventory.unwatchedCount, 0),
    silent: inventories.flatMap((inventory) => inventory.unseen),
    locks: readLockForecast(database, context.now()),
  };
}

async function askDaemon(dataDir: string): Promise<Live | undefined> {
  try {
    return (await callDaemon(join(dataDir, 'control.sock'), 'status', 2_000)) as Live;
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

function formatStatus(status: Status, context: CommandContext): string {
  const palette = createPalette(context.color);
  const lines = [
    `recorder   ${status.recorder}${status.pid === undefined ? '' : ` (process ${status.pid})`}     data ${context.dataDir}`,
    `log        ${status.size} records, ${status.published} archived, ${formatWaiting(status.backlog, context.now())}`,
    ...formatBacklog(status, context.now()).map((text) => palette.warning(text)),
    ...formatForecast(status.locks),
    ...formatSpool(status.spool),
    ...(status.backend === undefined ? [] : formatBackend(status.backend)),
  ];
  const live = status.states.filter((state) => !state.isRetired);
  lines.push(
    `states     ${live.length}${status.states.length > live.length ? `, ${status.states.length - live.length} retired` : ''}`,
  );
  for (const state of live) {
    const flags = [
      state.condition === 'state' ? '' : state.condition,
      state.lock === '' ? '' : state.lock.startsWith('abandoned:') ? 'lock abandoned' : 'locked',
      state.isChanging ? 'change open' : '',
    ].filter((flag) => flag !== '');
    const facts = `serial ${state.serial}   ${state.instances} instances   ${state.changes} changes`;
    lines.push(
      `           ${escapeText(state.name)}   ${facts}${flags.length > 0 ? `   ${palette.warning(flags.join(', '))}` : ''}`,
    );
  }
  lines.push(...formatHolds(status.holds ?? [], context.now(), palette));
  lines.push(...formatUnwatched(status).map((text) => palette.warning(text)));
  return `${lines.join('\n')}\n`;
}

function formatHoldsInFull({ holds }: Status, context: CommandContext): string {
  const palette = createPalette(context.color);
  if (holds === undefined) return 'not known: no recorder runs on this data directory\n';
  if (holds.length === 0) return 'no lock stands beside any state\n';
  const lines = holds.flatMap((hold) => [
    formatHold(hold, context.now(), palette),
    ...formatWho(hold.claims, palette).map((line) => `    ${line}`),
  ]);
  return `${lines.join('\n')}\n`;
}

function formatSpool(spool: SpoolStatus | undefined): string[] {
  if (spool === undefined) return [];
  const { directory, waiting, recorded, rejected, overflowed } = spool;
  const turned = [
    ...(rejected === 0 ? [] : [`${rejected} refused`]),
    ...(overflowed === 0 ? [] : [`${overflowed} lost over quota`]),
  ];
  const counts = [`${waiting} waiting`, `${recorded} recorded since the start`, ...turned].join(', ');
  return [`spool      ${escapeText(directory)}: ${counts}`];
}

const MAX_NAMED = 5;

function formatUnwatched({ unwatched, unwatchedCount, silent }: Status): string[] {
  const backends = unwatched.filter(({ kind }) => kind === 'backend');
  const named = backends.slice(0, MAX_NAMED).map(({ backend, reference }) => backend?.location ?? reference);
  const rest =
    unwatchedCount > named.length || named.length > 0
      ? [`${unwatchedCount} in all: stateseal source list --unwatched`]
      : [];
  return [
    ...silent
      .slice(0, MAX_NAMED)
      .map(
        ({ reference, code, since }) =>
          `silent     ${escapeText(reference)}   ${escapeText(code)}, since ${escapeText(since)}`,
      ),
    ...(silent.length > MAX_NAMED ? [`           and ${silent.length - MAX_NAMED} more`] : []),
    ...[...named, ...rest].map((text, index) => `${index === 0 ? 'not seen  ' : '          '} ${escapeText(text)}`),
  ];
}

/** Receipts and heartbeats wait for the next seal as a rule: only what else waits has an age. */
function formatWaiting({ records, bytes, oldestMs }: Backlog, nowMs: number): string {
  if (oldestMs === undefined) return `${records} waiting`;
  return `${records} waiting (${formatCount(bytes)} bytes, the oldest ${formatDuration(Math.max(0, nowMs - oldestMs))} old)`;
}

function formatBacklog({ recorder, sealer, backlog }: Status, nowMs: number): string[] {
  const problem = sealer?.problem;
  if (problem === undefined) {
    return recorder === 'stopped' && backlog.evidence > 0 ? ['backlog    sealed when the recorder runs again'] : [];
  }
  const next =
    problem.retryMs === undefined
      ? 'not tried again'
      : `next try in ${Math.max(0, Math.round((problem.retryMs - nowMs) / 1000))} s`;
  return [`backlog    ${problem.message} [${problem.code}], ${next}`, `           hint: ${problem.hint}`];
}
