// stateseal status: recorder, states, backlog, open changes and locks, warnings; from the database, and from the
// running daemon where there is one.
import { join } from 'node:path';
import { withLog } from '../answers/open-log.ts';
import { readStatus, type LiveStatus, type Status as KnownStatus } from '../answers/status.ts';
import type { BackendStatus } from '../backend-door.ts';
import { callDaemon } from '../control.ts';
import { ConfigError } from '../errors.ts';
import type { SealerStatus } from '../sealer/sealer.ts';
import type { SpoolStatus } from '../spool/reader.ts';
import type { Backlog } from '../store/queries-backlog.ts';
import { createPalette, escapeText } from '../terminal.ts';
import { formatCount, formatDuration } from '../verify/render-count.ts';
import { parseArguments } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { formatBackend } from './render-backend.ts';
import { formatForecast } from './render-locks.ts';
import { formatHold, formatHolds } from './render-holds.ts';
import { formatWho } from './render-who.ts';

type Live = LiveStatus<SealerStatus, BackendStatus>;
type Status = KnownStatus<SealerStatus, BackendStatus>;

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
    return withLog(context, async (log) => {
      const status = readStatus(log, await askDaemon(context.dataDir), context.now());
      const isOnlyLocks = given.has('locks');
      const text = isOnlyLocks ? formatHoldsInFull : formatStatus;
      const json = isOnlyLocks ? { holds: status.holds ?? null } : status;
      context.stdout(context.json ? `${JSON.stringify(json)}\n` : text(status, context));
      return 0;
    });
  },
};

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
