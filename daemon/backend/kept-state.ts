// One state of the backend: its operations, one after the other, each recorded before it is acknowledged. A version is
// staged, then recorded, then put into its place: the record is the commit point, and what a crash cuts after it is
// finished at the next start or request. So the storage gives the version recorded last, and never one that is not.
import { StoreError } from '../errors.ts';
import type { Claim } from '../record/observation.ts';
import type { RecorderClient } from '../recorder/client.ts';
import type { Outcome, SightingContext } from '../recorder/parts.ts';
import type { StateSighting } from '../sources/source.ts';
import type { StateRow } from '../store/states.ts';
import type { LockInfo } from '../terraform/state.ts';
import { formatLockInfo, parseStoredLock } from './lock-body.ts';
import { within } from './patience.ts';
import {
  absentSighting,
  lockSighting,
  referenceOf,
  versionSighting,
  type HeldLock,
  type Standing,
} from './sightings.ts';
import type { BackendStorage, StoredVersion } from './storage.ts';

export interface KeptStateParts {
  readonly name: string;
  readonly storage: BackendStorage;
  readonly recorder: Pick<RecorderClient, 'observe' | 'cursor' | 'states' | 'refuse'>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** How long the recorder may take for a body of so many bytes. */
  patienceMs(bytes: number): number;
  onOutcome(outcome: Outcome): void;
}

export type WriteResult =
  | { readonly outcome: 'stored' }
  /** No state of a version that can be recorded: nothing was kept. */
  | { readonly outcome: 'not-a-state' }
  | { readonly outcome: 'locked'; readonly holder: LockInfo }
  /** Written under a lock that is not held any more. */
  | { readonly outcome: 'lock-lost' };

export type LockResult = { readonly outcome: 'done' } | { readonly outcome: 'locked'; readonly holder: LockInfo };

/** Every method throws StoreError, and others, when the record or the storage could not be made durable. */
export interface KeptState {
  /** Brings storage and record together; also done by the first operation after anything failed. */
  recover(): Promise<void>;
  read(): Promise<Uint8Array | undefined>;
  write(bytes: Uint8Array, lockId: string | undefined, claims: readonly Claim[]): Promise<WriteResult>;
  lock(info: LockInfo, claims: readonly Claim[]): Promise<LockResult>;
  /** `id` undefined: force-unlock, which names no lock. */
  unlock(id: string | undefined, claims: readonly Claim[]): Promise<LockResult>;
  remove(lockId: string | undefined, claims: readonly Claim[]): Promise<WriteResult>;
}

/** What stands in the storage now. */
interface Current extends Standing {
  /** It was recorded as unreadable, and is not shown. */
  readonly isUnreadable: boolean;
}

const NOTHING: Current = { id: '', storedAt: '', cursor: '', isUnreadable: false };

export function createKeptState(parts: KeptStateParts): KeptState {
  const { name, storage, recorder } = parts;
  const { uri } = referenceOf(name);
  let tail: Promise<unknown> = Promise.resolve();
  /** What the recorder was asked and has not answered: its outcome is not known until then. */
  let unanswered: Promise<unknown> = Promise.resolve();
  let isRecovered = false;
  let isStart = true;
  let held: HeldLock | undefined;
  let standing: Current = NOTHING;

  const inOrder = <T>(work: () => Promise<T>): Promise<T> => {
    const result = tail.then(work, work);
    tail = result.catch(() => undefined);
    return result;
  };

  /** Whatever fails leaves it open what is recorded and what is stored: the next operation looks. */
  const attempt = <T>(work: () => Promise<T>): Promise<T> =>
    inOrder(async () => {
      await ensureRecovered();
      try {
        return await work();
      } catch (error) {
        isRecovered = false;
        throw error;
      }
    });

  const ask = async <T>(answer: Promise<T>, bytes = 0): Promise<T> => {
    const settled = answer.then(
      () => undefined,
      () => undefined,
    );
    unanswered = Promise.all([unanswered, settled]).then(() => undefined);
    return within(answer, parts.patienceMs(bytes));
  };

  const observe = async (sighting: StateSighting, context: Partial<SightingContext> = {}): Promise<Outcome> => {
    const defaults = { source: 'backend', nameCandidates: [name], isInitial: false, isFinalAttempt: false };
    const answer = recorder.observe(sighting, { ...defaults, ...context }).then((outcome) => {
      // Also when it comes too late for its request: what was recorded has to be sealed.
      if (outcome.to > outcome.from) parts.onOutcome(outcome);
      return outcome;
    });
    return ask(answer, sighting.bytes.length);
  };

  const ensureRecovered = async (): Promise<void> => {
    if (isRecovered) return;
    await within(unanswered, parts.patienceMs(0));
    await finishCut();
    held = await readHeld();
    await adoptForeign();
    await observe(lockSighting(name, standing, held, { holds: held === undefined ? 0 : 1, ended: undefined }));
    isRecovered = true;
    isStart = false;
  };

  /** A staged version that was recorded goes into its place; one that was not never existed. */
  const finishCut = async (): Promise<void> => {
    const staged = await storage.staged(name);
    if (staged === undefined) return;
    if (staged === (await ask(recorder.cursor(uri)))) await storage.publish(name);
    else await storage.discard(name);
  };

  const readHeld = async (): Promise<HeldLock | undefined> => {
    const stored = await storage.readLock(name);
    if (stored === undefined) return undefined;
    // No clock but ours decides under which lock a version was written.
    return { info: parseStoredLock(stored.bytes), createdMs: Math.min(stored.createdMs, parts.now()) };
  };

  /** What stands there and was not recorded: from before the backend, by hand, or out of a backup. */
  const adoptForeign = async (): Promise<StoredVersion | undefined> => {
    const live = await liveRow();
    const version = await storage.read(name);
    const cursor = await ask(recorder.cursor(uri));
    if (version === undefined) {
      standing = { ...NOTHING, cursor };
      if (live !== undefined) await observe(absentSighting(name, cursor, held));
      return undefined;
    }
    const { id, storedAt } = version;
    if (cursor !== id || live === undefined) {
      const before = { id: live?.sourceVersion ?? '', storedAt: '', cursor };
      const how = { isInitial: isStart, isFinalAttempt: true };
      await observe(versionSighting(name, version, before, { lock: held, isGate: false }), how);
      await assertRecorded(id);
    }
    standing = { id, storedAt, cursor: id, isUnreadable: (await liveRow())?.condition !== 'state' };
    return version;
  };

  /** The recorder passes over what does not follow what it recorded last, and says so by its cursor alone. */
  const assertRecorded = async (id: string): Promise<void> => {
    if ((await ask(recorder.cursor(uri))) !== id) throw notRecorded(name);
  };

  const liveRow = async (): Promise<StateRow | undefined> =>
    (await ask(recorder.states())).find((row) => row.uri === uri && !row.isRetired);

  const refuseWrite = (lockId: string | undefined): WriteResult | undefined => {
    if (held !== undefined && held.info.id !== lockId) return { outcome: 'locked', holder: held.info };
    // Its lock was taken from it by force: what it writes now would overwrite what came after.
    return held === undefined && lockId !== undefined ? { outcome: 'lock-lost' } : undefined;
  };

  const store = async (bytes: Uint8Array, claims: readonly Claim[]): Promise<WriteResult> => {
    // To the recorder no bytes mean that there is nothing new to read.
    if (bytes.length === 0) return { outcome: 'not-a-state' };
    const id = await storage.stage(name, bytes);
    const version = { id, bytes, storedAt: new Date(parts.now()).toISOString() };
    const sighting = versionSighting(name, version, standing, { lock: held, isGate: true });
    const outcome = await observe(sighting, { claims });
    if (outcome.verdict === 'retry') {
      await storage.discard(name);
      return { outcome: 'not-a-state' };
    }
    await assertRecorded(id);
    await storage.publish(name);
    standing = { id, storedAt: version.storedAt, cursor: id, isUnreadable: false };
    return { outcome: 'stored' };
  };

  /** Somebody else wrote there: that version is recorded before it is replaced. */
  const recordForeign = async (): Promise<void> => {
    if (((await storage.head(name)) ?? '') !== standing.id) await adoptForeign();
  };

  /** Kept as a tag, so that it is known again when it is pushed; best effort, in the recorder's memory at least. */
  const noteRefused = (bytes: Uint8Array, lockId = ''): void => {
    recorder.refuse(uri, bytes, { time: new Date(parts.now()).toISOString(), lock: lockId }).catch(() => undefined);
  };

  return {
    recover: () => inOrder(ensureRecovered),
    read: () =>
      attempt(async () => {
        const found = await storage.read(name);
        // What is shown is what was recorded, and not what stood there a moment before.
        const version = (found?.id ?? '') === standing.id ? found : await adoptForeign();
        if (version === undefined) return undefined;
        if (standing.isUnreadable) throw unreadable(name);
        return version.bytes;
      }),
    write: async (bytes, lockId, claims) => {
      try {
        const result = await attempt(async () => {
          const refusal = refuseWrite(lockId);
          if (refusal !== undefined) return refusal;
          await recordForeign();
          return store(bytes, claims);
        });
        if (result.outcome === 'locked' || result.outcome === 'lock-lost') noteRefused(bytes, lockId);
        return result;
      } catch (error) {
        noteRefused(bytes, lockId);
        throw error;
      }
    },
    lock: (info, claims) =>
      attempt(async () => {
        if (held !== undefined && held.info.id !== info.id) return { outcome: 'locked', holder: held.info };
        // The same lock again: its answer was lost.
        if (held !== undefined) return { outcome: 'done' };
        if (!(await storage.putLock(name, formatLockInfo(info)))) {
          held = await readHeld();
          return { outcome: 'locked', holder: held?.info ?? info };
        }
        held = { info, createdMs: parts.now() };
        try {
          await observe(lockSighting(name, standing, held, { holds: 1, ended: undefined }), { claims });
        } catch (error) {
          await storage.removeLock(name);
          held = undefined;
          throw error;
        }
        return { outcome: 'done' };
      }),
    unlock: (id, claims) =>
      attempt(async () => {
        if (held !== undefined && id !== undefined && held.info.id !== id)
          return { outcome: 'locked', holder: held.info };
        const ended = held;
        // First the lock, then its record: cut between, the next start records that it is gone.
        await storage.removeLock(name);
        held = undefined;
        const isForced = id === undefined && ended !== undefined;
        await observe(lockSighting(name, standing, undefined, { holds: 0, ended }), { claims, isForced });
        return { outcome: 'done' };
      }),
    remove: (lockId, claims) =>
      attempt(async () => {
        const refusal = refuseWrite(lockId);
        if (refusal !== undefined) return refusal;
        await recordForeign();
        // Taken away first: cut between, it is recorded as vanished. The other way round a start would have to delete.
        await storage.retire(name);
        await observe(absentSighting(name, standing.cursor, held), { claims, isRemoval: true });
        standing = { ...NOTHING, cursor: standing.cursor };
        return { outcome: 'stored' };
      }),
  };
}

function notRecorded(name: string): StoreError {
  return new StoreError('backend-not-recorded', `expected a record of the version of ${name}, got none`, {
    hint: 'nothing is acknowledged that is not recorded: Terraform tries again; report it when it stays',
  });
}

function unreadable(name: string): StoreError {
  return new StoreError('backend-state-unreadable', `expected a state of version 4 as ${name}, got something else`, {
    hint: 'somebody wrote into backend.storage by hand: put the state back, from its backup or by state push',
  });
}
