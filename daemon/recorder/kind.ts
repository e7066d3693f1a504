// What kind of change it was, and what that rests on. Pure. The lock's operation comes first; without it the content
// and the backups decide; where nothing decides, the kind is unknown.
import type { ChangeKind, KindBasis, NetAction } from '../record/data.ts';
import type { OperationFacts } from './net.ts';

export interface KindFacts {
  /** The operation the lock file named, '' when no lock was read. */
  readonly operation: string;
  /** The lock's holder died and left the lock behind. */
  readonly isAbandoned: boolean;
  readonly isLineageChanged: boolean;
  /** -1, 0, 1: the last serial compared with the first one. */
  readonly serialOrder: number;
  /** A state mv or state rm left its numbered backup during the change. */
  readonly hasNumberedBackup: boolean;
  /** The run wrote terraform.tfstate.backup: push and hand edits do not. */
  readonly hasFreshBackup: boolean;
  readonly isNewborn: boolean;
  readonly actions: readonly NetAction[];
  readonly outputs: number;
  readonly isEmptyAfter: boolean;
  /** An object became tainted, or a deposed one stayed: the run that left it failed. */
  readonly hasFailedObject: boolean;
}

export interface KindVerdict {
  readonly kind: ChangeKind;
  readonly basis: KindBasis;
}

const MANUAL_OPERATIONS = new Set([
  'taint',
  'untaint',
  'state-mv',
  'state-rm',
  'state-replace-provider',
  'state-push',
  'state-import',
]);

export function toKind(facts: KindFacts): KindVerdict {
  if (facts.isAbandoned) return { kind: 'failed', basis: 'lock-abandoned' };
  if (facts.isLineageChanged) return { kind: 'replaced', basis: 'content' };
  if (facts.operation !== '') return byOperation(facts);
  if (facts.serialOrder < 0) return { kind: 'rollback', basis: 'content' };
  if (facts.serialOrder === 0 && !facts.isNewborn) return { kind: 'rewritten', basis: 'content' };
  if (facts.hasNumberedBackup) return { kind: 'manual', basis: 'backup' };
  if (isMarkedOnly(facts)) return { kind: 'manual', basis: 'content' };
  if (facts.hasFreshBackup || facts.isNewborn) return { kind: byContent(facts), basis: 'content' };
  return { kind: 'unknown', basis: 'none' };
}

/** What the operation tells about what came and what went. */
export function toOperationFacts(operation: string): OperationFacts {
  return { forgets: operation === 'state-rm', imports: operation === 'OperationTypeInvalid' };
}

function byOperation(facts: KindFacts): KindVerdict {
  if (facts.operation.startsWith('migration ')) return { kind: 'migrated', basis: 'lock' };
  if (facts.operation === 'state-push' && facts.serialOrder < 0) return { kind: 'rollback', basis: 'lock' };
  if (MANUAL_OPERATIONS.has(facts.operation)) return { kind: 'manual', basis: 'lock' };
  if (facts.operation === 'OperationTypeRefresh') return { kind: 'refresh', basis: 'lock' };
  if (facts.operation === 'OperationTypeInvalid') return { kind: 'import', basis: 'lock' };
  if (facts.operation === 'OperationTypeApply') return { kind: byContent(facts), basis: 'lock' };
  return { kind: 'unknown', basis: 'none' };
}

function byContent(facts: KindFacts): ChangeKind {
  if (facts.hasFailedObject) return 'failed';
  const deletes = facts.actions.filter((action) => action.actions.includes('delete')).length;
  return facts.isEmptyAfter && deletes > 0 && deletes === facts.actions.length ? 'destroy' : 'apply';
}

/** Only `taint` and `untaint` change the mark of an object and nothing else: a run that fails marks what it created. */
function isMarkedOnly({ actions, outputs }: KindFacts): boolean {
  const isMark = (net: NetAction): boolean => net.actions.every((action) => action === 'taint' || action === 'untaint');
  return outputs === 0 && actions.length > 0 && actions.every(isMark);
}
