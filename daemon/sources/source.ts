// The port every source of states stands behind: local directories, versioned buckets, the state backend.
// A source never writes to what it watches and never interprets a state's content.
import type { UnwatchedKind } from '../record/inventory.ts';
import type { RunIdentity } from '../record/run-data.ts';
import type { PlanContent } from '../terraform/plan/parse-plan.ts';
import type { BackendPointer, LockInfo } from '../terraform/state.ts';
import type { ProcessFacts } from './process/process-facts.ts';

/** A place where one state lives: canonical, without credentials. Identity of a state before it has a name. */
export interface StateReference {
  /** dir:<root label>/<relative path>, or s3://bucket/key. Percent-encoded where a byte is not printable ASCII. */
  readonly uri: string;
  readonly workspace: string;
}

/** A state the source knows of: one it can watch, or one that it can only name (the inventory). */
export interface DiscoveredState {
  readonly reference: StateReference;
  /** What people should see: the path as they would type it, escaped for a terminal. */
  readonly displayPath: string;
  /** Name candidates, shortest first: ["network", "infra/network"]. */
  readonly nameCandidates: readonly string[];
  readonly isWatched: boolean;
  /** Why it is not watched: remote backend ("s3://…"), ignored, over budget. '' when watched. */
  readonly reason: string;
  /** The same as a word; absent when it is watched, or where no word fits. */
  readonly kind?: UnwatchedKind;
  /** Where a backend pointer says that the state lives: type and location, nothing else of it. */
  readonly backend?: BackendPointer;
  /** The reference a source would give that state, of the workspace that is selected there; absent where not known. */
  readonly elsewhere?: string;
}

/** Facts about the lock beside a state. Every text in `info` is a claim. */
export interface LockSighting {
  /** 'held' or 'stale' by the kernel's lock table; 'unknown' where it cannot be read. */
  readonly holder: 'held' | 'stale' | 'unknown';
  /** Absent when the file may not be read (mode 0600, another user) or is not complete yet. */
  readonly info: LockInfo | undefined;
  /** When the lock file was made, milliseconds since the epoch, from its mtime. */
  readonly createdMs: number;
  /** Process id of the holder by the kernel's lock table, or 0. */
  readonly pid: number;
  /** The process that held the kernel's lock while the lock file stood as it was read; absent where that is not sure. */
  readonly process?: ProcessFacts;
  /** Owner of the lock file: whose process made it. */
  readonly ownerUid?: number;
  /** By the system's user database; '' where it names nobody. */
  readonly ownerUser?: string;
  /** When a store was told that the hold is over, milliseconds since the epoch. */
  readonly releasedMs?: number;
}

/**
 * What only a store of versions can say: one that keeps every version it was given, in order, each under a name of its
 * own. Its versions are whole when they are listed; none is overwritten before it was looked at.
 */
export interface StoreFacts {
  /** The cursor this look started from. The recorder refuses a sighting that does not follow what it recorded last. */
  readonly after: string;
  /** Newer versions are there already: look again at once. */
  readonly isBehind: boolean;
  /** No older version of this reference is known of: where nothing stood before, this version made it. */
  readonly isFirst: boolean;
  /** Nothing is stored there before it was recorded here (the state backend): a jump of the serial skips no version. */
  readonly isGate?: boolean;
}

export interface BackupSighting {
  readonly sourceVersion: string;
  readonly bytes: Uint8Array;
  readonly modifiedMs: number;
}

/**
 * One look at one reference, settled as far as the source can tell.
 * 'state': whole bytes of one version. 'empty': zero bytes. 'absent': no file. 'unreadable': see problem.
 */
export interface StateSighting {
  readonly reference: StateReference;
  readonly condition: 'state' | 'empty' | 'absent' | 'unreadable';
  /** Opaque, equal for equal versions: `<mtimeNs>-<size>-<inode>-<ctimeNs>` for a file. '' when absent. */
  readonly sourceVersion: string;
  readonly bytes: Uint8Array;
  /** RFC 3339 time of the version by `timeBasis`; '' when absent. */
  readonly effectiveTime: string;
  readonly timeBasis: 'store' | 'mtime' | 'run';
  readonly problem: { readonly code: string; readonly message: string } | undefined;
  /** The lock as it stands after the read; undefined when there is none. */
  readonly lock: LockSighting | undefined;
  /** How many lock files were made beside this state since the previous sighting of it; -1 when not known. */
  readonly lockHoldsSince: number;
  /** The last lock that was read since the previous sighting, also when it is gone by now. */
  readonly lastLock: LockSighting | undefined;
  /** Every lock that was read since the previous sighting, oldest first, each id once; the newest 32. */
  readonly recentLocks: readonly LockSighting[];
  /** terraform.tfstate.backup, when its version is not the one of the previous sighting or `withBackup` was asked. */
  readonly backup: BackupSighting | undefined;
  /** Unix seconds in the name of the newest numbered backup (state mv / state rm), or 0. */
  readonly numberedBackupSeconds: number;
  /** Absent for a file, which holds its newest version only. */
  readonly store?: StoreFacts;
}

/** One version of a plan file that lies beside states, or that a run left, read whole. */
export interface PlanSighting {
  /** `dir:<root label>/<path>`, or `run:<id>`. */
  readonly reference: string;
  readonly sourceVersion: string;
  readonly effectiveTime: string;
  readonly timeBasis: 'mtime' | 'run';
  readonly bytes: Uint8Array;
  /** Undefined: see `problem`. */
  readonly content: PlanContent | undefined;
  readonly problem: { readonly code: string; readonly message: string } | undefined;
  /** Owner of the file. */
  readonly ownerUid: number | undefined;
  /** Of a run: who left it. */
  readonly run?: RunIdentity;
}

/** Rejects when the plan could not be recorded: it is then found again. */
export type PlanListener = (sighting: PlanSighting) => Promise<void>;

/** Something the source cannot see, and why. */
export interface SourceProblem {
  readonly code: string;
  readonly message: string;
}

/** What a sighting has where nothing is known of locks, backups or trouble beside a version: see the members. */
export const BARE_SIGHTING = {
  bytes: new Uint8Array(),
  problem: undefined,
  lock: undefined,
  lockHoldsSince: -1,
  lastLock: undefined,
  recentLocks: [],
  backup: undefined,
  numberedBackupSeconds: 0,
} as const satisfies Partial<StateSighting>;

/**
 * Contract:
 * - `discover` lists every state reference the source knows of now, also those it does not watch.
 * - `look` reads one reference into memory: at least once per version it can still see; it may skip versions that
 *   were overwritten before it looked, and then says so by `lockHoldsSince`. A half-written version is retried
 *   until a deadline; after that the condition is 'unreadable'. `look` never throws for what a file holds or is.
 *   `cursor` is the `sourceVersion` of the last version that was recorded ('' for none): when the file still
 *   stands there, `look` answers with that same sourceVersion and empty bytes, and reads nothing.
 *   A store of versions answers with the OLDEST version after the cursor and says by `store.isBehind` that there are
 *   more; it keeps its place by the cursor alone, so that a restart goes on where the records end.
 * - `onPoke` asks the listener to look at a reference now ('' = discover again). A poke is never a claim that
 *   something changed, and may be missing: the user of the port also polls.
 * - After `close` no listener is called and no descriptor stays open.
 */
export interface StateSource {
  /** True for the references this source sees, also for those of an earlier run that are not there now. */
  owns(uri: string): boolean;
  /** Who sees this reference, for the vantage: 'directory', 'bucket', 'backend'. */
  nameOf(uri: string): string;
  discover(): Promise<readonly DiscoveredState[]>;
  look(reference: StateReference, cursor: string): Promise<StateSighting>;
  onPoke(listener: (uri: string) => void): void;
  /** Plans that lie beside its states, each version once or more; absent where none can. */
  onPlan?(listener: PlanListener): void;
  start(): Promise<void>;
  problems(): readonly SourceProblem[];
  close(): Promise<void>;
}
