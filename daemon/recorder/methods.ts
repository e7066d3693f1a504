// What the worker offers: the recorder, freezing, and the few writes of the sealer. Everything here is synchronous and
// runs on the one thread that writes the database.
import type { RedactionKeys } from '../redaction/keys.ts';
import type { RedactionPolicy } from '../redaction/allow-list.ts';
import type { Signer } from '../merkle/note.ts';
import { createBatches, type BatchPhase } from '../store/batches.ts';
import { guarded, openDatabase } from '../store/database.ts';
import { createEntries } from '../store/entries.ts';
import { createQueryIndex } from '../store/query-index.ts';
import { createSettings } from '../store/settings.ts';
import { createStates, type StateRow } from '../store/states.ts';
import type { PlanSighting, StateSighting } from '../sources/source.ts';
import type { SpoolDelivery } from '../spool/reader.ts';
import { createAppender, type NewRecord } from './appender.ts';
import type { Environment } from './environment.ts';
import type { HeldLock } from './held-lock.ts';
import type { LeftPlan } from './left-plans.ts';
import { createFreezer, type FreezeLimits } from './freezer.ts';
import { createObserver } from './observer.ts';
import type { Outcome, RecorderParts, SightingContext } from './parts.ts';
import { createRandom } from './random.ts';
import { createRefusedVersions } from './refused-versions.ts';
import { createRecorder } from './recorder.ts';
import type { LocalRoot } from './run-source.ts';

export interface RecorderMethods {
  observe(sighting: StateSighting, context: SightingContext): Outcome;
  refuse(uri: string, bytes: Uint8Array, facts: { readonly time: string; readonly lock: string }): void;
  tick(): Outcome;
  append(records: readonly NewRecord[]): Outcome;
  ingest(delivery: SpoolDelivery): Outcome;
  observePlan(sighting: PlanSighting): Outcome;
  plansIn(delivery: SpoolDelivery): readonly LeftPlan[];
  cursor(uri: string): string;
  states(): readonly StateRow[];
  locks(): readonly HeldLock[];
  /** Freezes the next batch and returns its size; undefined when every record is frozen. */
  freeze(): number | undefined;
  signCheckpoint(prev: number): string;
  setPhase(prev: number, phase: Exclude<BatchPhase, 'published'>): void;
  /** Ends a batch: its receipts and its last phase in one transaction, so that a crash never leaves them twice. */
  publish(prev: number, receipts: readonly NewRecord[]): void;
  /** Marks all batches as to be sent again, for an archive at another place. */
  resend(): void;
  close(): void;
}

export interface RecorderSettings {
  readonly databasePath: string;
  readonly limits: FreezeLimits;
  readonly contentDays: number;
  readonly quietMs: number;
  readonly recorder: string;
  readonly host: string;
  /** Real paths of the watched roots: a run names its state by path. */
  readonly roots?: readonly LocalRoot[];
}

export interface RecorderSecrets {
  readonly keys: RedactionKeys;
  readonly policy: RedactionPolicy;
  readonly signer: Signer;
}

export interface Clock {
  now(): number;
  readonly boot: Environment['boot'];
}

/** Opens the database for writing. The caller is the only writer, by the data directory's lock. */
export function openRecorderMethods(
  settings: RecorderSettings,
  secrets: RecorderSecrets,
  clock: Clock,
): RecorderMethods {
  const database = openDatabase(settings.databasePath);
  const environment: Environment = {
    now: () => clock.now(),
    random: createRandom(),
    boot: clock.boot,
    recorder: settings.recorder,
    host: settings.host,
    origin: secrets.signer.name,
  };
  const entries = createEntries(database);
  const batches = createBatches(database);
  const states = createStates(database);
  const appender = createAppender(environment, entries, batches, createQueryIndex(database));
  const observer = createObserver(states, secrets.keys, secrets.policy);
  const parts: RecorderParts = {
    database,
    entries,
    batches,
    states,
    appender,
    observer,
    refused: createRefusedVersions(createSettings(database)),
    environment,
    quietMs: settings.quietMs,
    contentDays: settings.contentDays,
  };
  const recorder = createRecorder(parts, { keys: secrets.keys, roots: settings.roots ?? [] });
  const { signer } = secrets;
  const { limits, contentDays } = settings;
  const freezer = createFreezer({ database, entries, batches, signer, limits, contentDays });
  return {
    ...recorder,
    freeze: () => freezer.freeze(environment.now())?.size,
    signCheckpoint: (prev) => freezer.signCheckpoint(prev),
    setPhase: (prev, phase) => guarded('note how far a batch came', () => batches.setPhase(prev, phase)),
    publish: (prev, receipts) =>
      guarded('store the receipts of a batch', () =>
        database
          .transaction(() => {
            if (batches.at(prev)?.phase === 'published') return;
            receipts.forEach((record) => appender.append(record));
            batches.setPhase(prev, 'published', environment.now());
          })
          .immediate(),
      ),
    resend: () => guarded('begin to move the archive', () => batches.resend()),
    close: () => void database.close(),
  };
}
