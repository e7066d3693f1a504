// The sample files as a film: one state's versions, shown to the recorder one after the other as a source would show
// them, with the lock beside them and the backup behind them. A clock of its own; no files, no threads.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseLockInfo } from '../../daemon/terraform/lock-info.ts';
import type { LockInfo } from '../../daemon/terraform/state.ts';
import type { RecordType } from '../../daemon/record/data.ts';
import type { Outcome } from '../../daemon/recorder/parts.ts';
import type { LockSighting, StateSighting } from '../../daemon/sources/source.ts';
import type { ChangeDetail } from '../../daemon/store/queries-change.ts';
import type { StoredRecord } from '../../daemon/store/queries-summary.ts';
import { openLogHarness } from './log-harness.ts';

export interface Film {
  /** What stood there when the recorder started. */
  begin(bytes: Uint8Array): Outcome;
  /** What a look without a lock finds: a file that stands there, or that somebody put there. */
  show(bytes: Uint8Array, facts?: Partial<StateSighting>): Outcome;
  /** One run under its lock: each version seen as it is written, then the lock gone. */
  run(lock: LockInfo, versions: readonly Uint8Array[], backup?: Uint8Array): void;
  /** Nothing new for longer than a change without a lock may pause. */
  quiet(): void;
  changes(): readonly ChangeDetail[];
  records(...types: readonly RecordType[]): readonly StoredRecord[];
  close(): void;
}

const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'terraform');
const STEP_MS = 700;

export function readSample(path: string): Buffer {
  return readFileSync(join(FIXTURES, path));
}

export function readLockSample(path: string): LockInfo {
  return parseLockInfo(readSample(path));
}

/** A lock as Terraform writes it; every lock needs an id of its own. */
export function lockOf(operation: string, id: string): LockInfo {
  return { id, operation, info: '', who: 'root@vm', version: '1.11.4', created: '2026-06-23T14:00:00Z', path: '' };
}

export function openFilm(): Film {
  const log = openLogHarness();
  const context = { source: 'directory', nameCandidates: ['film'], isFinalAttempt: true };
  let isInitial = false;
  let shown = 0;
  const at = (): string => new Date(log.clock.ms).toISOString();

  const see = (facts: Partial<StateSighting>): Outcome =>
    log.methods.observe({ ...blank(), ...facts }, { ...context, isInitial });
  const show = (bytes: Uint8Array, facts: Partial<StateSighting> = {}): Outcome => {
    log.clock.ms += STEP_MS;
    shown += 1;
    const condition = bytes.length === 0 ? 'empty' : 'state';
    return see({ condition, sourceVersion: `v${shown}`, bytes, effectiveTime: at(), ...facts });
  };
  /** The version that stands there, looked at once more. */
  const again = (facts: Partial<StateSighting> = {}): Outcome =>
    see({ condition: 'state', sourceVersion: `v${shown}`, effectiveTime: at(), ...facts });

  return {
    begin(bytes) {
      isInitial = true;
      const outcome = show(bytes);
      isInitial = false;
      return outcome;
    },
    show,
    run(info, versions, backup) {
      log.clock.ms += STEP_MS;
      const lock: LockSighting = { holder: 'held', info, createdMs: log.clock.ms, pid: 7 };
      versions.forEach((bytes, index) => {
        const behind = backup && index === 0 ? backupOf(backup, log.clock.ms + STEP_MS) : undefined;
        show(bytes, { lock, recentLocks: [lock], lockHoldsSince: index === 0 ? 1 : 0, backup: behind });
      });
      again();
    },
    quiet() {
      log.clock.ms += 60_000;
      log.methods.tick();
    },
    changes: () =>
      log.read(({ queries }) =>
        listOf(queries, ['state.changed']).flatMap(({ leafIndex }) => queries.readChange(leafIndex) ?? []),
      ),
    records: (...types) => log.read(({ queries }) => listOf(queries, types)),
    close: () => log.close(),
  };
}

function backupOf(bytes: Uint8Array, modifiedMs: number): StateSighting['backup'] {
  return { sourceVersion: `b${modifiedMs}`, bytes, modifiedMs };
}

function blank(): StateSighting {
  return {
    reference: { uri: 'dir:infra/film/terraform.tfstate', workspace: 'default' },
    condition: 'state',
    sourceVersion: '',
    bytes: new Uint8Array(0),
    effectiveTime: '',
    timeBasis: 'mtime',
    problem: undefined,
    lock: undefined,
    lockHoldsSince: 0,
    lastLock: undefined,
    recentLocks: [],
    backup: undefined,
    numberedBackupSeconds: 0,
  };
}

interface Readable {
  size(): number;
  readRecord(leafIndex: number): StoredRecord | undefined;
}

function listOf(queries: Readable, types: readonly string[]): StoredRecord[] {
  const all = Array.from({ length: queries.size() }, (_, leafIndex) => queries.readRecord(leafIndex));
  return all.flatMap((stored) => (stored && types.includes(stored.record.type) ? [stored] : []));
}
