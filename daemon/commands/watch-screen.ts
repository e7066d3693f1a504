// What `stateseal watch` prints: what it watches, what it cannot see, where it seals; then one block per change and one
// line per sealed batch. Every line is a fact of the log or of the daemon; texts from files are escaped.
import type { BackendStatus } from '../backend-door.ts';
import { formatArchiveLocation } from '../archive/location.ts';
import type { Config } from '../config.ts';
import { formatUri } from '../config-sources.ts';
import type { Daemon } from '../daemon.ts';
import { encodeBase64 } from '../merkle/base64.ts';
import { readVersion } from '../program.ts';
import type { Outcome } from '../recorder/parts.ts';
import type { DiscoveredState } from '../sources/source.ts';
import type { Batch } from '../store/batches.ts';
import type { StateOutline } from '../store/queries-states.ts';
import type { LockForecast } from '../store/queries-locks.ts';
import type { Queries } from '../store/queries.ts';
import { createPalette, escapeJsonText, escapeText } from '../terminal.ts';
import type { CommandContext } from './command.ts';
import { formatBackend } from './render-backend.ts';
import { formatChangeBlock, formatClock } from './render-change.ts';
import { describeLocks } from './render-locks.ts';

const MAX_LISTED = 20;
const NOTED_TYPES = new Map([
  ['state.unreadable', 'unreadable'],
  ['state.retired', 'retired'],
  ['state.missed', 'missed'],
  ['state.flooded', 'flooded'],
  ['lock.abandoned', 'lock abandoned'],
]);

export interface GreetingFacts {
  readonly locks: LockForecast | undefined;
  readonly backend: BackendStatus | undefined;
}

export interface WatchScreen {
  greet(daemon: Daemon, states: readonly StateOutline[], also?: GreetingFacts): void;
  outcome(outcome: Outcome): void;
  sealed(batch: Batch): void;
  problem(problem: { readonly code: string; readonly message: string; readonly hint: string }): void;
  line(text: string): void;
}

export function createWatchScreen(
  config: Config,
  context: CommandContext,
  queries: () => Queries | undefined,
): WatchScreen {
  const palette = createPalette(context.color);
  const print = (text: string): void => context.stdout(`${text}\n`);
  const emit = (event: object): void => context.stdout(`${JSON.stringify(event)}\n`);
  const clock = (): string => formatClock(new Date(context.now()).toISOString());
  let lastProblem = '';
  /** What was recorded while the log was opened: printed after the greeting, which lists the states themselves. */
  let early: Outcome[] | undefined = [];

  const printRecords = (outcome: Outcome, found: Queries): void => {
    let hasBlock = false;
    for (let leafIndex = outcome.from; leafIndex < outcome.to; leafIndex += 1) {
      const stored = found.readRecord(leafIndex);
      if (stored === undefined) continue;
      if (context.json) {
        context.stdout(`${escapeJsonText(stored.line)}\n`);
        continue;
      }
      const { type, subject, data, source } = stored.record;
      // History is counted when it is imported, not shown as news.
      if (data['backfilled'] === true) continue;
      const change = type === 'state.changed' ? found.readChange(leafIndex) : undefined;
      if (change) {
        print(`\n${formatChangeBlock(change, { palette, isFull: false }).trimEnd()}`);
        hasBlock = true;
      }
      if (type === 'state.baselined' && data['snapshot'] !== undefined && early === undefined)
        print(formatBaseline(clock(), subject, data, source));
      const noted = NOTED_TYPES.get(type);
      const reason = typeof data['reason'] === 'string' ? `  ${escapeText(data['reason'])}` : '';
      if (noted !== undefined) print(`${clock()}  ${escapeText(subject)}   ${palette.warning(noted)}${reason}`);
    }
    if (hasBlock) print(`${clock()}  recorded  ${formatRange(outcome.from, outcome.to)}`);
  };

  const printGreeting = (daemon: Daemon, states: readonly StateOutline[], also?: GreetingFacts): void => {
    print(`stateseal ${readVersion()}   log ${escapeText(originOf(daemon.vkey))}   key ${shortKey(daemon.vkey)}`);
    greetRoots(config, states, print);
    greetUnseen(daemon, print);
    if (also?.backend !== undefined) formatBackend(also.backend).forEach(print);
    greetArchive(config, daemon, describeLocks(config.archive, also?.locks, context.now()), print);
  };

  return {
    greet(daemon, states, also) {
      if (!context.json && !context.quiet) printGreeting(daemon, states, also);
      const found = queries();
      if (found !== undefined && !context.quiet) early?.forEach((outcome) => printRecords(outcome, found));
      early = undefined;
    },
    outcome(outcome) {
      const found = queries();
      if (early !== undefined) early.push(outcome);
      else if (found !== undefined && !context.quiet) printRecords(outcome, found);
    },
    sealed(batch) {
      // Said where the problem was said: whoever reads only that must learn that it has passed.
      if (isOfSealing(lastProblem)) context.stderr(`${clock()}  passed    sealing goes on\n`);
      lastProblem = '';
      if (context.quiet) return;
      const root = encodeBase64(batch.root);
      if (context.json) return emit({ sealed: { prev: batch.prev, size: batch.size, root } });
      const range = formatRange(batch.prev, batch.size);
      print(
        `${clock()}  sealed    ${range}, size ${batch.size}, root ${root.slice(0, 6)}…${root.slice(-3)}   archived`,
      );
    },
    problem({ code, message, hint }) {
      // The same failure comes again with each retry: once is enough until it changes.
      if (`${code} ${message}` === lastProblem) return;
      lastProblem = `${code} ${message}`;
      context.stderr(
        `${clock()}  ${palette.warning('problem')}   ${escapeText(message)} [${code}]\n          hint: ${escapeText(hint)}\n`,
      );
    },
    line(text) {
      if (!context.json && !context.quiet) print(text);
    },
  };
}

function isOfSealing(problem: string): boolean {
  return /^(?:archive-|seal-)/u.test(problem);
}

function greetRoots(config: Config, states: readonly StateOutline[], print: (text: string) => void): void {
  const live = states.filter((state) => !state.isRetired);
  const total = live.reduce((sum, state) => sum + state.instances, 0);
  const counts = `${live.length} ${live.length === 1 ? 'state' : 'states'}, ${total} resource instances`;
  const places = [...config.roots.map(({ path }) => path), ...config.buckets.map(formatUri)];
  places.forEach((path, index) => {
    const tail = index === 0 ? `     ${counts}` : '';
    print(`${index === 0 ? 'watching  ' : '          '} ${escapeText(path)}${tail}`);
  });
  const width = Math.min(32, Math.max(4, ...live.map((state) => state.name.length)));
  for (const state of live.slice(0, MAX_LISTED)) {
    const place = escapeText(decodeURI(state.reference.replace(/^dir:/, '')));
    print(
      `           ${escapeText(state.name).padEnd(width)}  ${place}     serial ${state.serial}   ${state.instances} instances`,
    );
  }
  if (live.length > MAX_LISTED) print(`           … and ${live.length - MAX_LISTED} more: stateseal status`);
  if (live.length === 0) print('           no state yet: the first terraform apply below these roots is recorded');
}

function greetUnseen(daemon: Daemon, print: (text: string) => void): void {
  const unseen = daemon.discovered().filter((state) => !state.isWatched);
  unseen.slice(0, MAX_LISTED).forEach((state, index) => {
    print(`${index === 0 ? 'not seen  ' : '          '} ${formatUnseen(state)}`);
  });
  if (unseen.length > MAX_LISTED) print(`           … and ${unseen.length - MAX_LISTED} more`);
  for (const { message } of daemon.sourceProblems()) print(`note       ${escapeText(message)}`);
}

const POINTER = '/.terraform/terraform.tfstate';

function formatUnseen({ displayPath, reason }: DiscoveredState): string {
  if (!displayPath.endsWith(POINTER)) return `${displayPath}: ${escapeText(reason)}`;
  const folder = displayPath.slice(0, -POINTER.length);
  return `${folder} keeps its state in ${escapeText(reason)}: changes there are invisible from here`;
}

function greetArchive(config: Config, daemon: Daemon, locks: readonly string[], print: (text: string) => void): void {
  const { location, isDefault } = config.archive;
  const place = escapeText(formatArchiveLocation(location));
  print(`data       ${escapeText(config.dataDir)}`);
  if (location.kind === 'directory') {
    const note = isDefault ? 'a directory: good for trying, not write-once' : 'a directory, not write-once';
    print(`archive    ${place} (${note})`);
  } else [`archive    ${place} (Object Lock)`, ...locks].forEach(print);
  print(`values     ${config.redaction.values} (see docs/REDACTION.md for what is shown and what is a keyed digest)`);
  if (daemon.door) {
    print(`page       ${daemon.door.url}/   sign in: stateseal open      for programs: stateseal token create <name>`);
  }
  print('ready.     Run terraform in another terminal; Ctrl-C seals and stops.');
}

function formatBaseline(clock: string, name: string, data: Readonly<Record<string, unknown>>, source: string): string {
  const count = typeof data['instances'] === 'number' ? data['instances'] : 0;
  const copy = data['copyOf'] === undefined ? '' : ', a copy of another state';
  return `${clock}  ${escapeText(name)}   known from now on (${count} instances${copy})   ${escapeText(source)}`;
}

function formatRange(from: number, to: number): string {
  return to - from === 1 ? `#${from}` : `#${from}..#${to - 1}`;
}

function originOf(vkey: string): string {
  return vkey.slice(0, vkey.indexOf('+'));
}

/** Enough to recognise a key by; the whole one stands in keys/log.vkey. */
function shortKey(vkey: string): string {
  const [, keyId = '', key = ''] = vkey.split('+');
  return `${keyId}+${key.slice(0, 8)}…`;
}
