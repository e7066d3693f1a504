// What each record type says: the `data` member, by type. These shapes freeze with the first locked object;
// docs/LOG-FORMAT.md and schemas/record.schema.json say the same in prose and in JSON Schema.
// On disk: enums in kebab-case, serials as decimal strings, an absent value is an omitted member.
import type { Json } from '../json/value.ts';
import type { Claim, HiddenBy, Vantage } from './observation.ts';

export type TimeBasis = 'store' | 'mtime' | 'run' | 'clock';

/** In every record. */
export interface CommonData {
  readonly vantage: Vantage;
  readonly effectiveTime: string;
  readonly timeBasis: TimeBasis;
  /** Boot id of the host (a random id where the system has none) and milliseconds since boot. */
  readonly boot: { readonly id: string; readonly ms: number };
  readonly backfilled?: true;
}

export interface StateIdentity {
  readonly id: string;
  readonly name: string;
  readonly reference: string;
  readonly workspace: string;
}

export interface StateVersionData {
  readonly lineage: string;
  readonly serial: string;
  readonly sourceVersion: string;
  readonly toolVersion: string;
  readonly content: { readonly kid: string; readonly commitment: string };
}

export type BaselineReason = 'first-sight' | 'appeared' | 'renewed' | 'restarted';

/** state.baselined: the snapshot blob holds the instances; a newborn state has none. */
export interface StateBaselinedData extends CommonData {
  readonly state: StateIdentity;
  readonly version: StateVersionData;
  readonly reason: BaselineReason;
  readonly form: 'clear' | 'opaque';
  readonly instances: number;
  readonly outputs: number;
  readonly snapshot?: BlobReference;
  /** Id of the state this one is a copy of: same lineage, serial and content at another place. */
  readonly copyOf?: string;
}

/** A body outside the leaf: SHA-256 (hex) and length of its bytes, which hold redacted JSON. */
export interface BlobReference {
  readonly sha256: string;
  readonly sizeBytes: number;
}

export type ChangeKind =
  | 'apply'
  | 'destroy'
  | 'refresh'
  | 'import'
  | 'manual'
  | 'rollback'
  | 'rewritten'
  | 'replaced'
  | 'migrated'
  | 'retired'
  | 'failed'
  | 'unknown';

/** What the kind rests on. 'lock': the operation in the lock file; 'content': what changed; 'backup': a numbered backup. */
export type KindBasis = 'lock' | 'lock-abandoned' | 'backup' | 'content' | 'none';

/**
 * What is known about versions between the one before and this one. 'contiguous': none can lie between (serial +1 on a
 * versioned backend, or a birth watched under its one lock hold). 'unordered': the serial did not rise.
 */
export type Continuity =
  'contiguous' | 'linked-by-backup' | 'linked-by-plan' | 'monotonic-only' | 'unordered' | 'gap' | 'new-lineage';

/**
 * Terraform's plan actions per instance, and what a state can say beside them. A state alone cannot tell an import
 * block from a create, nor a `removed` block that forgets from a delete: see `actionBasis`.
 */
export type Action = 'create' | 'update' | 'delete' | 'forget' | 'move' | 'import' | 'taint' | 'untaint';

/** One value that differs. `before` or `after` is omitted where the value does not exist; null where it is hidden. */
export interface ValueChange {
  readonly path: string;
  readonly before?: Json;
  readonly after?: Json;
}

/** A hidden value at `path`, before or after. `commitment` is of the value after, or before where there is no after. */
export interface HiddenChange {
  readonly path: string;
  readonly by: HiddenBy;
  readonly kid: string;
  readonly commitment: string;
  readonly changed: boolean;
}

/** resource.changed: one step of one instance. Applying `changes` to the redacted before gives the redacted after. */
export interface ResourceChangedData extends CommonData {
  readonly state: StateIdentity;
  readonly version: StateVersionData;
  /** Id of the closing state.changed. */
  readonly change: string;
  readonly address: string;
  readonly deposed?: string;
  readonly previousAddress?: string;
  readonly resourceType: string;
  readonly actions: readonly Action[];
  readonly actionBasis: 'state' | 'lock';
  /** The object is marked as tainted after this step. */
  readonly tainted?: true;
  readonly changes: readonly ValueChange[];
  readonly hidden: readonly HiddenChange[];
  /** Set when the body did not fit: `changes` and `hidden` are empty and stand in this blob instead. */
  readonly body?: BlobReference;
  readonly provider: string;
  readonly previousProvider?: string;
}

export interface OutputChangedData extends CommonData {
  readonly state: StateIdentity;
  readonly version: StateVersionData;
  readonly change: string;
  readonly output: string;
  /** Terraform marks the whole output as sensitive after this step. */
  readonly sensitive?: true;
  readonly actions: readonly Action[];
  readonly changes: readonly ValueChange[];
  readonly hidden: readonly HiddenChange[];
  readonly body?: BlobReference;
}

/** Net effect on one instance between the state before the change and after it. */
export interface NetAction {
  readonly address: string;
  readonly deposed?: string;
  readonly previousAddress?: string;
  readonly resourceType: string;
  readonly actions: readonly Action[];
}

export interface ChangeCounts {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
  readonly replace: number;
  readonly forget: number;
  readonly move: number;
  readonly import: number;
  readonly taint: number;
  readonly output: number;
}

/** state.changed closes a change: its leaf index is the number of the change. */
export interface StateChangedData extends CommonData {
  readonly state: StateIdentity;
  readonly version: StateVersionData;
  readonly kind: ChangeKind;
  readonly kindBasis: KindBasis;
  readonly continuity: Continuity;
  /** Version before; omitted for a newborn state. */
  readonly before?: { readonly lineage: string; readonly serial: string };
  /** Serials seen on the way, oldest first, the last one included. */
  readonly serials: readonly string[];
  readonly steps: number;
  readonly counts: ChangeCounts;
  /** Sorted by address; in the blob `net` when more than fit. */
  readonly actions: readonly NetAction[];
  readonly net?: BlobReference;
  readonly claims: readonly Claim[];
  readonly lock?: { readonly id: string; readonly operation: string };
  /** Where a state moved from, for kind 'migrated'. */
  readonly movedFrom?: string;
  /** The version came from terraform.tfstate.backup: the run itself was missed. */
  readonly recovered?: 'backup';
  /** The content is encrypted: whether anything changed, and what, is not known. */
  readonly form?: 'opaque';
  /** The backend had refused this content at that time, as that serial: Terraform kept it in errored.tfstate. */
  readonly refused?: { readonly serial: string; readonly time: string };
}

export type UnchangedReason = 'serial-moved' | 'metadata';

/** state.unchanged: a new version without a change; counted by reason, not part of the audit population. */
export interface StateUnchangedData extends CommonData {
  readonly state: StateIdentity;
  readonly version: StateVersionData;
  readonly reason: UnchangedReason;
  readonly before: { readonly lineage: string; readonly serial: string };
  readonly continuity: Continuity;
}

/** state.missed: versions existed that were not seen and cannot be recovered. */
export interface StateMissedData extends CommonData {
  readonly state: StateIdentity;
  /** 'not-in-store': a store of versions jumps over serials. */
  readonly reason: 'overwritten' | 'recorder-stopped' | 'unlinked' | 'not-in-store';
  readonly fromSerial: string;
  readonly toSerial: string;
}

/** state.retired: the state is gone and stayed gone, or its backend was told to delete it. No resource was deleted by this. */
export interface StateRetiredData extends CommonData {
  readonly state: StateIdentity;
  readonly reason: 'vanished' | 'migrated' | 'workspace-deleted' | 'deleted';
  readonly lineage: string;
  readonly serial: string;
  /** Who told the backend, for 'deleted'. */
  readonly claims?: readonly Claim[];
}

/** state.unreadable: something stands at the reference that is no readable state. */
export interface StateUnreadableData extends CommonData {
  readonly reference: string;
  readonly state?: StateIdentity;
  readonly code: string;
  readonly reason: string;
  readonly sourceVersion: string;
  /** The version recorded last: what stood there before. */
  readonly lastGood?: LastGood;
}

export interface LastGood {
  readonly lineage: string;
  readonly serial: string;
  /** Omitted where the state is encrypted. */
  readonly instances?: number;
}

export interface StateFloodedData extends CommonData {
  readonly state: StateIdentity;
  readonly versions: number;
  readonly windowSeconds: number;
}

/** batch.archived: what the store answered about the objects of one seal. */
export interface BatchArchivedData extends CommonData {
  readonly prev: number;
  readonly size: number;
  readonly archive: string;
  readonly objects: readonly {
    readonly key: string;
    readonly versionId: string;
    readonly sizeBytes: number;
    readonly sha256: string;
    readonly lastModified: string;
    readonly mode: string;
    readonly retainUntil: string;
  }[];
}

export type RecordType =
  | 'log.created'
  | 'log.started'
  | 'log.stopped'
  | 'log.heartbeat'
  | 'log.configured'
  | 'log.keyrotated'
  | 'log.accessed'
  | 'source.inventoried'
  | 'spool.overflowed'
  | 'spool.rejected'
  | 'redaction.changed'
  | 'state.baselined'
  | 'state.changed'
  | 'state.unchanged'
  | 'state.missed'
  | 'state.retired'
  | 'state.renamed'
  | 'state.unreadable'
  | 'state.flooded'
  | 'resource.changed'
  | 'output.changed'
  | 'run.started'
  | 'run.finished'
  | 'platform.reported'
  | 'plan.recorded'
  | 'plan.unreadable'
  | 'resource.planned'
  | 'change.linked'
  | 'change.judged'
  | 'change.noted'
  | 'lock.acquired'
  | 'lock.released'
  | 'lock.abandoned'
  | 'batch.archived'
  | 'archive.obstructed';

/** Types that never arm the seal timer: they would keep an idle log busy with itself. */
export const QUIET_TYPES: ReadonlySet<RecordType> = new Set<RecordType>([
  'log.heartbeat',
  'log.accessed',
  'batch.archived',
  'archive.obstructed',
]);
