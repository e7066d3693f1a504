// One run as its reporter tells it: the start while Terraform runs, the end with what the run left behind. Whatever
// cannot be had (a plan, a state, a claim) is left out; nothing here ever throws for it.
import { resolve } from 'node:path';
import type { RunEnvironment } from '../config-environment.ts';
import type { Claim } from '../record/observation.ts';
import type {
  Attachment,
  ClientObservation,
  RunBackend,
  RunFinishedObservation,
  RunStartedObservation,
  TerraformCommand,
} from '../record/run.ts';
import type { Delivery } from '../spool/deliver.ts';
import { parseCommandLine } from '../terraform/command-line.ts';
import { readBounded } from './bounded-file.ts';
import { collectClaims } from './claims.ts';
import { writesState } from './recorded-commands.ts';
import { readJsonInto } from './json-into.ts';
import type { BeginRun, EndRun } from './reporter-messages.ts';
import { pullState } from './state-pull.ts';
import { toolVersionOf } from './tool-version.ts';
import { readBackend, workingDirectoryOf } from './working-directory.ts';

export const MAX_PLAN_BYTES = 48 * 1024 * 1024;
const MAX_STATE_BYTES = 128 * 1024 * 1024;
/** The reporter is alone by then: nobody waits so long, and a slow disk loses no record. */
const END_BUDGET_MS = 30_000;

const NO_COMMAND: TerraformCommand = { tool: '', subcommand: '', flags: [], variables: [], planFile: '', chdir: '' };

export interface ReportWorld {
  readonly environment: RunEnvironment;
  /** A fresh UUIDv7. */
  newKey(): string;
  now(): Date;
  deliver(
    spoolDir: string,
    observation: ClientObservation,
    attachments: readonly Attachment[],
    budgetMs: number,
  ): Promise<Delivery>;
  /** False where nothing could be delivered anyway: then no backend is asked for a state. */
  hasSpool(spoolDir: string): Promise<boolean>;
  /** Told before the backend is asked for the state. */
  onPull(withinMs: number): void;
}

interface Gathered {
  readonly claims: readonly Claim[];
  readonly backend: RunBackend;
}

export class RunReport {
  readonly #world: ReportWorld;
  readonly #begin: BeginRun;
  readonly #command: TerraformCommand;
  readonly #directory: string;
  readonly #gathered: Promise<Gathered>;
  /** The plan that is applied is read before somebody can replace it; the one that is written, afterwards. */
  readonly #appliedPlan: Promise<Uint8Array | undefined>;
  /** It came with the start: it counts for the verdict from there on. */
  #isPlanTold = false;
  /** A short run ends before its start is told. */
  #start: Promise<unknown> = Promise.resolve();

  constructor(begin: BeginRun, world: ReportWorld) {
    this.#world = world;
    this.#begin = begin;
    this.#command = parseCommandLine(begin.argv) ?? NO_COMMAND;
    this.#directory = workingDirectoryOf(this.#command, begin.cwd);
    this.#gathered = this.#gather();
    this.#appliedPlan = this.#command.subcommand === 'plan' ? Promise.resolve(undefined) : this.#readPlan();
  }

  tellStart(): Promise<Delivery> {
    const start = this.#tellStart();
    this.#start = start;
    return start;
  }

  async #tellStart(): Promise<Delivery> {
    const { claims, backend } = await this.#gathered;
    const { pid, startTicks, run, startedAt, spoolDir, budgetMs } = this.#begin;
    const observation: RunStartedObservation = {
      schema: 1,
      kind: 'run.started',
      key: this.#world.newKey(),
      time: startedAt,
      run,
      claims,
      command: this.#command,
      toolVersion: '',
      backend,
      process: { pid, startTicks },
    };
    const plan = toAttachment('plan', await this.#appliedPlan);
    const delivery = await this.#world.deliver(spoolDir, observation, plan, budgetMs);
    if (isTooLarge(delivery)) return this.#world.deliver(spoolDir, observation, [], budgetMs);
    this.#isPlanTold = delivery.outcome === 'delivered' && plan.length > 0;
    return delivery;
  }

  /** `teed`: Terraform's own JSON lines on standard output, whole, where there are some. */
  async tellEnd(end: EndRun, teed: Uint8Array | undefined): Promise<Delivery> {
    await this.#start.catch(() => undefined);
    const { claims, backend } = await this.#backendNow();
    const { argv, startedAt } = this.#begin;
    const written = teed === undefined ? readJsonInto(argv, this.#directory, startedAt) : undefined;
    const [plan, state, other] = await Promise.all([this.#planOfRun(), this.#pull(backend), written]);
    const stream = teed ?? other;
    const observation: RunFinishedObservation = {
      schema: 1,
      kind: 'run.finished',
      key: this.#world.newKey(),
      time: end.endedAt,
      run: this.#begin.run,
      claims,
      command: this.#command,
      toolVersion: toolVersionOf(stream, state),
      backend,
      exitCode: end.exitCode,
      signal: end.signal,
      durationMs: end.durationMs,
      startedAt,
    };
    const attachments = [toAttachment('plan', plan), toAttachment('stream', stream), toAttachment('state', state)];
    return this.#deliverEnd(observation, attachments.flat());
  }

  async #deliverEnd(observation: RunFinishedObservation, attachments: readonly Attachment[]): Promise<Delivery> {
    const { spoolDir } = this.#begin;
    const delivery = await this.#world.deliver(spoolDir, observation, attachments, END_BUDGET_MS);
    // That there was a run matters more than what it left.
    return isTooLarge(delivery) ? this.#world.deliver(spoolDir, observation, [], END_BUDGET_MS) : delivery;
  }

  async #gather(): Promise<Gathered> {
    const [claims, backend] = await Promise.all([
      collectClaims(this.#world.environment, this.#directory),
      this.#readBackend(),
    ]);
    return { claims, backend };
  }

  /** `init` and `workspace new` change what stood there at the start. */
  async #backendNow(): Promise<Gathered> {
    const { claims } = await this.#gathered;
    return { claims, backend: await this.#readBackend() };
  }

  #readBackend(): Promise<RunBackend> {
    return readBackend(this.#directory, this.#world.environment, this.#begin.argv);
  }

  async #planOfRun(): Promise<Uint8Array | undefined> {
    if (this.#command.subcommand === 'plan') return this.#readPlan();
    return this.#isPlanTold ? undefined : this.#appliedPlan;
  }

  async #readPlan(): Promise<Uint8Array | undefined> {
    if (this.#command.planFile === '') return undefined;
    const bytes = await readBounded(resolve(this.#directory, this.#command.planFile), MAX_PLAN_BYTES);
    return bytes instanceof Uint8Array && bytes.length > 0 ? bytes : undefined;
  }

  async #pull({ type }: RunBackend): Promise<Uint8Array | undefined> {
    if (type === 'local' || type === '' || !writesState(this.#command)) return undefined;
    if (!(await this.#world.hasSpool(this.#begin.spoolDir))) return undefined;
    this.#world.onPull(this.#begin.pullMs);
    const [program = ''] = this.#begin.argv;
    return pullState({
      program,
      chdir: this.#command.chdir,
      cwd: this.#begin.cwd,
      withinMs: this.#begin.pullMs,
      maxBytes: MAX_STATE_BYTES,
    });
  }
}

function isTooLarge(delivery: Delivery): boolean {
  return delivery.outcome === 'refused' && delivery.reason === 'too-large';
}

function toAttachment(kind: Attachment['kind'], bytes: Uint8Array | undefined): readonly Attachment[] {
  return bytes === undefined ? [] : [{ kind, bytes }];
}
