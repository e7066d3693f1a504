// Sightings as the directory source gives them, without a disk: of a version, of the lock of the run that wrote it, of
// the backup it left.
import type { LockSighting, StateSighting } from '../daemon/sources/source.ts';

export interface SightingOptions {
  readonly nowMs: number;
  /** Number of the run that wrote the version under its lock; absent = no lock was seen. */
  readonly run?: number | undefined;
  readonly backup?: Uint8Array | undefined;
}

export function toSighting(bytes: Uint8Array, { nowMs, run, backup }: SightingOptions): StateSighting {
  const lastLock = run === undefined ? undefined : toLock(nowMs - 1000, run);
  return {
    reference: { uri: 'dir:bench/terraform.tfstate', workspace: 'default' },
    condition: 'state',
    sourceVersion: `v${nowMs}`,
    bytes,
    effectiveTime: new Date(nowMs).toISOString(),
    timeBasis: 'mtime',
    problem: undefined,
    lock: undefined,
    lockHoldsSince: lastLock === undefined ? -1 : 1,
    lastLock,
    recentLocks: lastLock === undefined ? [] : [lastLock],
    backup: backup && { sourceVersion: `b${nowMs}`, bytes: backup, modifiedMs: nowMs },
    numberedBackupSeconds: 0,
  };
}

/** What Terraform writes beside the state while a run holds it. */
export function toLockInfo(createdMs: number, run: number) {
  return {
    id: `00000000-0000-4000-8000-${String(run).padStart(12, '0')}`,
    operation: 'OperationTypeApply',
    info: '',
    who: 'ci@bastion',
    version: '1.11.4',
    created: new Date(createdMs).toISOString(),
    path: 'terraform.tfstate',
  };
}

/** The lock of a run that has ended: the version is a step, and its change closes with it. */
function toLock(createdMs: number, run: number): LockSighting {
  return { holder: 'held', info: toLockInfo(createdMs, run), createdMs, pid: 1 };
}
