// `stateseal exec`: runs one command as if nobody were there, and has it recorded. This process opens no file of ours
// and waits for none: all that is done by the reporter, and waiting for the reporter is bounded.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { ConfigError } from '../errors.ts';
import { hardenProcess } from '../process-edge.ts';
import { uuidV7 } from '../record/uuid.ts';
import type { Delivery } from '../spool/deliver.ts';
import { parseCommandLine } from '../terraform/command-line.ts';
import { mayTee, startChild, type IgnoredSignal, type StartedChild } from './child-start.ts';
import { isRecorded, writesStream } from './recorded-commands.ts';
import { startReporter, type ReporterLink } from './reporter-link.ts';
import { relaySignals } from './signal-relay.ts';
import { readStartTicks } from './start-ticks.ts';
import { teeStream, type TeeOutcome } from './stream-tee.ts';

export interface WrapperOptions {
  readonly argv: readonly string[];
  readonly argv0: string | undefined;
  readonly cwd: string;
  readonly spoolDir: string;
  readonly isFailClosed: boolean;
  readonly budgetMs: number;
  /** How long a remote backend may take to give the state afterwards. */
  readonly pullMs: number;
  readonly ignored: readonly IgnoredSignal[];
  readonly descriptors: readonly number[];
}

export interface RunEnd {
  /** Of the command; -1 when a signal ended it. */
  readonly code: number;
  readonly signal: NodeJS.Signals | undefined;
  /** What became of the record; undefined for a command that is none of ours to record. */
  readonly delivery: Delivery | undefined;
}

/** Throws ConfigError `run-not-recorded` (fail-closed), `command-missing`, `command-unusable`. */
export async function runWrapped(options: WrapperOptions): Promise<RunEnd> {
  const command = parseCommandLine(options.argv);
  const isReported = isRecorded(command, options.argv);
  const isTeed = isReported && command !== undefined && writesStream(command) && mayTee();
  const relay = relaySignals(new Set(options.ignored.map((name) => `SIG${name}`)));
  const startedAt = new Date();
  const startedMs = performance.now();
  const started = startChild({ ...options, isTeed, isGated: isReported && options.isFailClosed });
  relay.attach(started.child);
  // Only now: the child would inherit it.
  hardenProcess();
  const ended = endOf(started.child);
  // Awaited below; a failed start must not be called unhandled before that.
  ended.catch(() => undefined);
  const begin = toBegin(options, startedAt, started.child.pid ?? 0);
  const link = isReported && started.child.pid !== undefined ? startReporter() : undefined;
  try {
    link?.send(begin);
    if (link !== undefined && options.isFailClosed) await openGate(started, link, options.budgetMs, ended);
    const copy = started.stream === undefined ? 'whole' : await copyStream(started.stream, ended, link);
    const { code, signal } = await ended;
    relay.childEnded();
    const durationMs = Math.round(performance.now() - startedMs);
    const endedAt = new Date().toISOString();
    const isStreamWhole = copy === 'whole';
    link?.send({ type: 'end', exitCode: code, signal: signal ?? '', durationMs, endedAt, isStreamWhole });
    const delivery = await Promise.race([
      link?.answer('finished', options.budgetMs),
      relay.impatience.then(() => LEFT),
    ]);
    // Alone it would have met the broken pipe itself, and not have got to its end.
    return { code, signal: copy === 'broken' ? 'SIGPIPE' : signal, delivery };
  } finally {
    link?.close();
    relay.close();
  }
}

const LEFT: Delivery = { outcome: 'refused', reason: 'timeout', hint: 'the record is written later, or not' };

function toBegin(options: WrapperOptions, startedAt: Date, pid: number) {
  const { argv, cwd, spoolDir, budgetMs, pullMs } = options;
  const run = uuidV7(startedAt.getTime(), randomBytes(10));
  const who = { pid, startTicks: readStartTicks(pid) };
  return {
    type: 'run',
    run,
    argv,
    cwd,
    spoolDir,
    startedAt: startedAt.toISOString(),
    ...who,
    budgetMs,
    pullMs,
  } as const;
}

/** Lets the command begin once its start is on disk; otherwise it never begins. */
async function openGate(
  started: StartedChild,
  link: ReporterLink,
  budgetMs: number,
  ended: Promise<unknown>,
): Promise<void> {
  const delivery = await link.answer('started', budgetMs);
  started.open(delivery.outcome === 'delivered');
  if (delivery.outcome === 'delivered') return;
  link.send({ type: 'cancel' });
  await ended;
  throw new ConfigError('run-not-recorded', `expected the start of the run to be recorded, got ${delivery.reason}`, {
    hint: `the command was not started (--fail-closed); ${delivery.hint}`,
  });
}

function copyStream(
  stream: NonNullable<StartedChild['stream']>,
  ended: Promise<unknown>,
  link: ReporterLink | undefined,
): Promise<TeeOutcome> {
  return teeStream(stream, ended, (bytes) => link?.send({ type: 'chunk', bytes }));
}

interface ChildEnd {
  readonly code: number;
  readonly signal: NodeJS.Signals | undefined;
}

async function endOf(child: StartedChild['child']): Promise<ChildEnd> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return { code: code ?? -1, signal: signal ?? undefined };
  } catch (error) {
    throw toStartError(error);
  }
}

/** As a shell would put it: 127 for a command that is not there, 126 for one that cannot be run. */
function toStartError(error: unknown): ConfigError {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  const hint = 'name the command after --, for example: stateseal exec -- terraform apply';
  return code === 'ENOENT'
    ? new ConfigError('command-missing', 'expected a command that is on PATH, got another', { hint })
    : new ConfigError('command-unusable', 'expected a command that can be run, got one that cannot', { hint });
}
