// Composition root of `stateseal watch`: the only file that knows every adapter. Start order: lock, keys, recorder,
// log, source, doors; close order: doors, source, last record, last seal, recorder, lock.
import { existsSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createCloseStack, type CloseStack } from './close-stack.ts';
import type { Config } from './config.ts';
import { openControlServer, type ControlHandlers } from './control.ts';
import { openDoor, type Door } from './door.ts';
import { ConfigError, type StatesealError, type StoreError } from './errors.ts';
import { createReferenceMatcher } from './glob.ts';
import { openLogKey, openRedactionKeys, type LogKey } from './keys.ts';
import { createJournal, type Journal } from './journal.ts';
import { openRecorderClient, type RecorderClient } from './recorder/client.ts';
import { createIntake, type Intake } from './recorder/intake.ts';
import type { Outcome } from './recorder/parts.ts';
import type { Sealer, SealerStatus, SealProblem } from './sealer/sealer.ts';
import { lastSeal, openSealer } from './sealing.ts';
import { openDirectorySource } from './sources/directory.ts';
import type { DiscoveredState, StateReference } from './sources/source.ts';
import { createBatches, type Batch, type Batches } from './store/batches.ts';
import { createEntries, type Entries } from './store/entries.ts';
import { openDataLock } from './store/data-lock.ts';
import { openDatabaseReadOnly } from './store/database.ts';
import type { StateRow } from './store/states.ts';
import { readUsedEpochs } from './store/used-epochs.ts';

export interface DaemonEvents {
  onOutcome(outcome: Outcome): void;
  onSealed(batch: Batch): void;
  onProblem(problem: Pick<SealProblem, 'code' | 'message' | 'hint'>): void;
}

export interface Daemon {
  readonly vkey: string;
  readonly isNewLog: boolean;
  readonly door: Door | undefined;
  /** Resolves when the recorder's thread has ended by itself: nothing is recorded any more, close and start again. */
  readonly died: Promise<StoreError>;
  states(): Promise<readonly StateRow[]>;
  discovered(): readonly DiscoveredState[];
  sourceProblems(): readonly { readonly code: string; readonly message: string }[];
  sealerStatus(): SealerStatus;
  seal(): Promise<void>;
  /** Seals what is open and closes everything. Throws what the last seal threw, after closing. */
  close(reason: string): Promise<void>;
}

export const DATABASE_FILE = 'log.sqlite';
/** A database that a restore has made, before it takes its place. */
export const RESTORED_FILE = `${DATABASE_FILE}.restored`;
export const CONTROL_FILE = 'control.sock';
const TICK_MS = 1_000;

export async function openDaemon(config: Config, events: DaemonEvents): Promise<Daemon> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  await chmod(config.dataDir, 0o700);
  const open = createCloseStack();
  try {
    const lock = openDataLock(join(config.dataDir, 'lock'));
    open.add(() => lock.close());
    assertRestored(config.dataDir);
    return await startDaemon(config, events, open);
  } catch (error) {
    // What stopped the start is worth telling, not what then failed to close.
    await open.close().catch(() => undefined);
    throw error;
  }
}

/** A restore that was cut before its last step: a new log here would have the key of the old one. */
function assertRestored(dataDir: string): void {
  if (existsSync(join(dataDir, DATABASE_FILE)) || !existsSync(join(dataDir, RESTORED_FILE))) return;
  throw new ConfigError('restore-unfinished', 'expected a database, got one that a restore has not put in its place', {
    hint: 'run the same stateseal restore again: it was interrupted',
  });
}

/** Everything it opens goes onto `open`, which closes it when the start fails half-way. */
async function startDaemon(config: Config, events: DaemonEvents, open: CloseStack): Promise<Daemon> {
  const key = await openLogKey(config.dataDir, config.logName, DATABASE_FILE);
  const death = createDeath();
  const recorder = await openWorker(config, key, (error) => death.announce(error));
  open.add(() => recorder.close());
  const database = openDatabaseReadOnly(join(config.dataDir, DATABASE_FILE));
  open.add(() => database.close());
  const batches = createBatches(database);
  const entries = createEntries(database);
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
  const source = openDirectorySource({
    roots: config.roots,
    ignore: config.ignore,
    maxFileBytes: config.maxFileBytes,
  });
  open.add(() => source.close());
  let discovered: readonly DiscoveredState[] = [];
  const intake: Intake = createIntake({
    source,
    recorder,
    now: () => performance.now(),
    schedule: (delayMs, run) => {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
    onOutcome: tell,
    onDiscovered: (states) => {
      discovered = states;
      void journal.inventory(source, states, intake).catch(fail(events));
    },
    onFailure: (error) => events.onProblem(toProblem(error)),
    nameOf: createNames(config.names),
  });
  open.add(() => intake.close());
  await intake.start();
  const door = await openDoor(config, fail(events));
  open.add(() => door?.close());
  const handlers = createHandlers({ sealer, intake, journal, batches, entries, discovered: () => discovered });
  const control = await openControlServer(join(config.dataDir, CONTROL_FILE), handlers);
  open.add(() => control.close());
  const timer = setInterval(() => void tick(recorder, sealer, journal, tell).catch(fail(events)), TICK_MS);
  open.add(() => clearInterval(timer));

  return {
    vkey: key.vkey,
    isNewLog: key.isNew,
    door,
    died: death.promise,
    states: () => recorder.states(),
    discovered: () => discovered,
    sourceProblems: () => source.problems(),
    sealerStatus: () => sealer.status(),
    seal: () => sealer.seal(),
    async close(reason) {
      // A dead recorder writes no last record and freezes no batch: the next start does.
      if (!death.isKnown()) stopReason = reason;
      await open.close();
    },
  };
}

interface HandlerParts {
  readonly batches: Batches;
  readonly entries: Entries;
  readonly sealer: Sealer;
  readonly intake: Intake;
  readonly journal: Journal;
  readonly discovered: () => readonly DiscoveredState[];
}

/** What the control socket offers. */
function createHandlers({ sealer, intake, journal, batches, entries, discovered }: HandlerParts): ControlHandlers {
  return {
    seal: async () => {
      await sealer.seal();
      return { size: batches.frozenSize() };
    },
    look: async () => {
      await intake.lookAtAll();
      return {};
    },
    note: async (payload) => ({ leafIndex: await journal.note(payload, entries.size()) }),
    status: () =>
      Promise.resolve({ pid: process.pid, sealer: sealer.status(), unwatched: discovered().filter(isUnwatched) }),
  };
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
    },
    keys,
    policy: config.redaction,
    origin: key.signer.name,
    seed: key.seed,
  };
  return openRecorderClient(input, onDeath);
}

function createNames(names: Config['names']): (reference: StateReference) => string | undefined {
  const rules = Object.entries(names).map(([glob, name]) => ({ matches: createReferenceMatcher(glob), name }));
  return ({ uri }) => rules.find(({ matches }) => matches(uri))?.name;
}

function isUnwatched(state: DiscoveredState): boolean {
  return !state.isWatched;
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
