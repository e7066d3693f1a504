// The reporter: a process beside one run that gathers what can be known of it and leaves it in the spool. It is not in
// the job's process group, so that it can still tell of a run whose wrapper was killed. Started by reporter-link.ts.
import { randomBytes } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readRunEnvironment } from '../config-environment.ts';
import { hardenProcess } from '../process-edge.ts';
import type { PlatformObservation } from '../record/run.ts';
import { uuidV7 } from '../record/uuid.ts';
import { deliver, type Delivery } from '../spool/deliver.ts';
import { INGEST_PUB } from '../spool/layout.ts';
import { collectClaims } from './claims.ts';
import type { BeginRun, EndRun, ReporterAnswer, ReporterRequest, TellPlatform } from './reporter-messages.ts';
import { RunReport, type ReportWorld } from './run-report.ts';
import { readStartTicks } from './start-ticks.ts';

/** After a lost wrapper Terraform may go on alone; it is looked for this often, and no longer than that. */
const LOOK_EVERY_MS = 1000;
const MAX_ORPHAN_MS = 24 * 60 * 60 * 1000;

const world: ReportWorld = {
  environment: readRunEnvironment(),
  newKey: () => uuidV7(Date.now(), randomBytes(10)),
  now: () => new Date(),
  deliver: (spoolDir, observation, attachments, budgetMs) => deliver(spoolDir, observation, attachments, { budgetMs }),
  hasSpool: (spoolDir) =>
    access(join(spoolDir, INGEST_PUB)).then(
      () => true,
      () => false,
    ),
  onPull: (withinMs) => answer({ type: 'pulling', withinMs }),
};

class Reporter {
  readonly #chunks: Uint8Array[] = [];
  #begin: BeginRun | undefined;
  #report: RunReport | undefined;
  #isDone = false;

  async take(request: ReporterRequest): Promise<void> {
    switch (request.type) {
      case 'run':
        this.#begin = request;
        this.#report = new RunReport(request, world);
        return answer({ type: 'started', delivery: await this.#report.tellStart() });
      case 'chunk':
        return void this.#chunks.push(request.bytes);
      case 'end':
        return this.#end(request);
      case 'cancel':
        this.#isDone = true;
        return;
      case 'platform':
        this.#isDone = true;
        return answer({ type: 'finished', delivery: await tellPlatform(request) });
    }
  }

  /** The wrapper is gone. Unless it said how the run ended, that is found out as far as a stranger can. */
  async lose(): Promise<void> {
    const begin = this.#begin;
    if (this.#isDone || begin === undefined) return;
    await untilGone(begin.pid, begin.startTicks);
    const endedAt = world.now();
    await this.#end({
      type: 'end',
      exitCode: -1,
      signal: '',
      durationMs: Math.max(0, endedAt.getTime() - Date.parse(begin.startedAt)),
      endedAt: endedAt.toISOString(),
      isStreamWhole: false,
    });
  }

  async #end(end: EndRun): Promise<void> {
    this.#isDone = true;
    const stream = end.isStreamWhole && this.#chunks.length > 0 ? Buffer.concat(this.#chunks) : undefined;
    const delivery: Delivery = (await this.#report?.tellEnd(end, stream)) ?? NOTHING_BEGUN;
    answer({ type: 'finished', delivery });
  }
}

const NOTHING_BEGUN: Delivery = { outcome: 'refused', reason: 'failed', hint: 'no run was begun' };

async function tellPlatform(request: TellPlatform): Promise<Delivery> {
  const { platform, event, outcome, time, cwd, spoolDir, budgetMs } = request;
  const observation: PlatformObservation = {
    schema: 1,
    kind: 'platform.event',
    key: world.newKey(),
    time,
    // A step of a job is no run of Terraform; the claims tie it to those.
    run: uuidV7(Date.parse(time), randomBytes(10)),
    claims: [...request.claims, ...(await collectClaims(world.environment, cwd))],
    platform,
    event,
    outcome,
  };
  return deliver(spoolDir, observation, [], { budgetMs });
}

function answer(message: ReporterAnswer): void {
  // Nobody may be there to hear it any more.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  if (message.type === 'finished' && process.connected) process.disconnect();
}

/** A pid that another process got meanwhile has other start ticks. */
async function untilGone(pid: number, ticks: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < MAX_ORPHAN_MS; waitedMs += LOOK_EVERY_MS) {
    if (pid <= 0 || ticks === '' || readStartTicks(pid) !== ticks) return;
    await delay(LOOK_EVERY_MS);
  }
}

function listen(): void {
  const reporter = new Reporter();
  hardenProcess();
  process.on('message', (request) => void reporter.take(request as ReporterRequest));
  process.on('disconnect', () => void reporter.lose());
}

if (import.meta.main) listen();
