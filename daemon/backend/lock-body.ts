// The JSON of a lock, as clients send it, as it is stored, and as its holder is told to others.
import { ParseError } from '../errors.ts';
import { parseLockInfo } from '../terraform/lock-info.ts';
import type { LockInfo } from '../terraform/state.ts';

/** As Terraform writes it, with these seven members and no others. */
export function formatLockInfo(info: LockInfo): Uint8Array {
  const { id, operation, info: text, who, version, created, path } = info;
  const members = {
    ID: id,
    Operation: operation,
    Info: text,
    Who: who,
    Version: version,
    Created: created,
    Path: path,
  };
  return new TextEncoder().encode(JSON.stringify(members));
}

/** What is no lock of Terraform's has nobody who could be asked for it: only force-unlock takes it away. */
export function parseStoredLock(bytes: Uint8Array): LockInfo {
  try {
    return parseLockInfo(bytes);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { id: '', operation: '', info: '', who: 'unknown', version: '', created: '', path: '' };
  }
}
