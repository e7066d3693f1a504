// What the recorder's parts share: their collaborators, and the input and outcome of one sighting.
import type { Batches } from '../store/batches.ts';
import type { Claim } from '../record/observation.ts';
import type { Sqlite } from '../store/database.ts';
import type { Entries } from '../store/entries.ts';
import type { States } from '../store/states.ts';
import type { Appender } from './appender.ts';
import type { Environment } from './environment.ts';
import type { Observer } from './observer.ts';
import type { RefusedVersions } from './refused-versions.ts';

export interface RecorderParts {
  readonly database: Sqlite;
  readonly entries: Entries;
  readonly batches: Batches;
  readonly states: States;
  readonly appender: Appender;
  readonly observer: Observer;
  readonly refused: RefusedVersions;
  readonly environment: Environment;
  /** How long without a new version ends a change that had no lock, and how long a file stays away before it counts. */
  readonly quietMs: number;
  /** How long sealed content is locked, in days; 0 = it is not. */
  readonly contentDays: number;
}

export interface SightingContext {
  /** Name of the source, for the vantage. */
  readonly source: string;
  readonly nameCandidates: readonly string[];
  /** It was there when the recorder started. */
  readonly isInitial: boolean;
  /** The caller gives up on this version: what cannot be parsed is recorded as unreadable. */
  readonly isFinalAttempt: boolean;
  /** History that is imported: its records say so. */
  readonly isBackfilled?: boolean;
  /** Who brought it, beside what its lock says. */
  readonly claims?: readonly Claim[];
  /** The lock was taken away by force-unlock. */
  readonly isForced?: boolean;
  /** The state is absent because its store was told to delete it: not to be waited for. */
  readonly isRemoval?: boolean;
}

export interface Outcome {
  /** 'retry': the version is not whole or not decided yet; nothing was recorded, look again. */
  readonly verdict: 'recorded' | 'nothing' | 'retry';
  /** Leaves appended by this call: [from, to). */
  readonly from: number;
  readonly to: number;
  /** How many of them arm the seal timer. */
  readonly evidence: number;
  /** Bytes of their lines. */
  readonly bytes: number;
}
