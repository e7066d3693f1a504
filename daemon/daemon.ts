// Composition root of `stateseal watch`: the only file that knows every adapter. Start order: lock, keys, recorder,
// log, source, doors; close order: doors, source, last record, last seal, recorder, lock.
import { existsSync } from 'node:fs';
import { chmod, mkdir, realpath } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { openBackendDoor, type BackendDoor, type BackendStatus } from './backend-door.ts';
import { createCloseStack, type CloseStack } from './close-stack.ts';
import type { Config } from './config.ts';
import { openControlServer } from './control.ts';
import { createHandlers, type HandlerParts } from './control-handlers.ts';
import { openDoor, type Door } from './door.ts';
import { openIngest, type Ingest } from './ingest.ts';
import { ConfigError, type StatesealError, type StoreError } from './errors.ts';
import { openLogKey, openRedactionKeys, type LogKey } from './keys.ts';
import { createJournal, type Journal } from './journal.ts';
import { openRecorderClient, type RecorderClient } from './recorder/client.ts';
import type { Outcome } from './recorder/parts.ts';
import type { Sealer, SealerStatus, SealProblem } from './sealer/sealer.ts';
import { lastSeal, openSealer } from './sealing.ts';
import type { DiscoveredState } from './sources/source.ts';
import { createBatches, type Batch } from './store/batches.ts';
import { createEntries } from './store/entries.ts';
import { openDataLock } from './store/data-lock.ts';
import { openDatabaseReadOnly } from './store/database.ts';
import type { StateRow } from './store/states.ts';
import { readUsedEpochs } from './store/used-epochs.ts';
import { newestRecordMs } from './store/queries-read.ts';
import { createImporter } from './importing.ts';
import { createImportJobs, type RunImport } from './import-jobs.ts';
import { follow } from './watching.ts';

export interface DaemonEvents {
  onOutcome(outcome: Outcome): void;
  onSealed(batch: Batch): void;
  onProblem(problem: Pick<SealProblem, 'code' | 'message' | 'hint'>): void;
}

export interface Daemon {
  readonly vkey: string;
  readonly isNewLog: boolean;
  readonly door: Door | undefined;
  /** undefined when no state backend is configured. */
  backendStatus(): Promise<BackendStatus | undefined>;
  /** Resolves when the recorder's thread has ended by itself: nothing is recorded any more, close and start again. */
  readonly died: Promise<StoreError>;
  states(): Promise<readonly StateRow[]>;
  discovered(): readonly DiscoveredState[];
  sourceProblems(): readonly { readonly code: string; readonly message: string }[];
  sealerStatus(): SealerStatus;
  seal(): Promise<void>;
  readonly import: RunImport;
  /** Seals what is open and closes everything. Throws what the last seal threw, after closing. */
  close(reason: string): Promise<void>;
}

export const DATABASE_FILE = 'log.sqlite';
/** A database that a restore has made, before it takes its place. */
export const RESTORED_FILE = `${DATABASE_FILE}.restored`;
export const CONTROL_FILE = 'control.sock';
const TICK_MS = 1_000;

/** 'import': sources and doors stay closed; `import` is what it is opened for. */
export type DaemonPurpose = 'watch' | 'import';

export async function openDaemon(
  config: Config,
  events: DaemonEvents,
  purpose: DaemonPurpose = 'watch',
): Promise<Daemon> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  await chmod(config.dataDir, 0o700);
  const open = createCloseStack();
  try {
    const lock = openDataLock(join(config.dataDir, 'lock'));
    open.add(() => lock.close());
    assertRestored(config.dataDir);
    return await startDaemon(config, events, purpose, open);
  } catch (error) {
    // What stopped the start is worth telling, not what then failed to close.
    await open.close().catch(() => undefined);
    throw error;
  }
}

/** A restore was cut before its last step. */
export function isRestoreCut(dataDir: string): boolean {
  return existsSync(join(dataDir, RESTORED_FILE)) && !existsSync(join(dataDir, DATABASE_FILE));
}

/** A new log beside a restore that was cut would have the key of the old one. */
function assertRestored(dataDir: string): void {
  if (!isRestoreCut(dataDir)) return;
  throw new ConfigError('restore-unfinished', 'expected a database, got one that a restore has not put in its place', {
    hint: 'run the same stateseal restore again: it was interrupted',
  });
}

/** Everything it opens goes onto `open`, which closes it when the start fails half-way. */
async function startDaemon(
  config: Config,
  events: DaemonEvents,
  purpose: DaemonPurpose,
  open: CloseStack,
): Promise<Daemon> {
  const key = await openLogKey(config.dataDir, config.logName, DATABASE_FILE);
  const death = createDeath();
  const recorder = await openWorker(config, key, (error) => death.announce(error));
  open.add(() => recorder.close());
  const database = openDatabaseReadOnly(join(config.dataDir, DATABASE_FILE));
  open.add(() => database.close());
  const [batches, entries, seenUntilMs] = [createBatches(database), createEntries(database), newestRecordMs(database)];
  const sealer = openSealer(config, key, { recorder, database, events });
  open.add(() => sealer.close());
  const tell = (outcome: Outcome): void => {
    sealer.notice(outcome);
    events.onOutcome(outcome);
  };
  const journal = createJournal({
    recorder,
    config,
    origin: key.signer.name,
    vkey: key.vkey,
    now: () => performance.now(),
    tell,
  });
  await journal.begin(database);
  let stopReason: string | undefined;
  open.add(() => (stopReason === undefined ? undefined : lastSeal(sealer)));
  open.add(() => (stopReason === undefined ? undefined : journal.end(stopReason)));
  const { source, intake, discovered } = follow(config, {
    recorder,
    journal,
    seenUntilMs,
    tell,
    onProblem: (error) => events.onProblem(toProblem(error)),
  });
  open.add(() => source.close());
  open.add(() => intake.close());
  const runImport = createImporter(config, { recorder, database, tell });
  const imports = createImportJobs(runImport);
  open.add(() => imports.close());
  const parts = { key, sealer, intake, journal, recorder, batches, entries, imports, events, tell };
  const doors = purpose === 'watch' ? await openDoors(config, parts, open) : undefined;
  const timer = setInterval(() => {
    doors?.ingest.tick();
    void tick(recorder, sealer, journal, tell).catch(fail(events));
  }, TICK_MS);
  open.add(() => clearInterval(timer));

  return {
    vkey: key.vkey,
    isNewLog: key.isNew,
    door: doors?.door,
    backendStatus: () => Promise.resolve(doors?.backend?.status()),
    died: death.promise,
    states: () => recorder.states(),
    discovered,
    sourceProblems: () => source.problems(),
    sealerStatus: () => sealer.status(),
    seal: () => sealer.seal(),
    import: runImport,
    async close(reason) {
      // A dead recorder writes no last record and freezes no batch: the next start does.
      if (!death.isKnown()) stopReason = reason;
      await open.close();
    },
  };
}

interface Doors {
  readonly door: Door | undefined;
  readonly backend: BackendDoor | undefined;
  readonly ingest: Ingest;
}

interface DoorParts extends Omit<HandlerParts, 'ingest' | 'backend' | 'door'> {
  readonly key: LogKey;
  readonly recorder: RecorderClient;
  readonly events: DaemonEvents;
  readonly tell: (outcome: Outcome) => void;
}

/** Follows the sources, then opens what others come in by: spool, API, state backend, control socket. */
async function openDoors(config: Config, parts: DoorParts, open: CloseStack): Promise<Doors> {
  const { key, recorder, intake, events, tell } = parts;
  await intake.start();
  const ingest = await openIngest(config, { recorder, origin: key.signer.name, tell, onFailure: fail(events) });
  open.add(() => ingest.close());
  const accessed: Journal['accessed'] = (entries) => parts.journal.accessed(entries);
  const door = await openDoor(config, { accessed }, fail(events));
  open.add(() => door?.close());
  const backend = await openBackendDoor({ config, recorder, onOutcome: tell, onFailure: fail(events) });
  open.add(() => backend?.close());
  const handlers = createHandlers({ ...parts, ingest, backend, door });
  const control = await openControlServer(join(config.dataDir, CONTROL_FILE), handlers);
  open.add(() => control.close());
  return { door, backend, ingest };
}

function createDeath() {
  let isKnown = false;
  let resolveDeath: (error: StoreError) => void = () => undefined;
  const promise = new Promise<StoreError>((resolve) => (resolveDeath = resolve));
  return {
    promise,
    isKnown: () => isKnown,
    announce(error: StoreError): void {
      isKnown = true;
      resolveDeath(error);
    },
  };
}

async function tick(
  recorder: RecorderClient,
  sealer: Sealer,
  journal: { heartbeat(): Promise<void> },
  tell: (outcome: Outcome) => void,
): Promise<void> {
  const outcome = await recorder.tick();
  if (outcome.to > outcome.from) tell(outcome);
  await journal.heartbeat();
  await sealer.tick();
}

async function openWorker(config: Config, key: LogKey, onDeath: (error: StoreError) => void): Promise<RecorderClient> {
  const used = readUsedEpochs(join(config.dataDir, DATABASE_FILE));
  const keys = await openRedactionKeys(config.dataDir, new Date().getUTCFullYear(), used);
  const input = {
    settings: {
      databasePath: join(config.dataDir, DATABASE_FILE),
      limits: { maxRecords: config.seal.maxRecords, maxBytes: config.seal.maxBytes },
      contentDays: config.archive.location.kind === 's3' ? config.archive.contentDays : 0,
      quietMs: config.quietMs,
      recorder: key.signer.name,
      host: hostname(),
      roots: await Promise.all(config.roots.map(async ({ label, path }) => ({ label, path: await toRealPath(path) }))),
    },
    keys,
    policy: config.redaction,
    origin: key.signer.name,
    seed: key.seed,
  };
  return openRecorderClient(input, onDeath);
}

/** As a client of the host says it. */
function toRealPath(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

function fail(events: DaemonEvents): (error: unknown) => void {
  return (error) => events.onProblem(toProblem(error as StatesealError));
}

function toProblem(error: StatesealError | string): { code: string; message: string; hint: string } {
  if (typeof error === 'string')
    return { code: 'unexpected', message: error, hint: 'report this with the lines around it' };
  const { code, message, hint } = error;
  return { code, message, hint };
}
