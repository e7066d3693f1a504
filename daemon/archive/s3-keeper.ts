// What the keeper of an archive may do: read the lock of one version, let it end later, hold it or lift the hold.
// Never shortens: the caller compares, the store refuses. Bypass is sent for one purpose only, the change of a mode.
import { ArchiveError } from '../errors.ts';
import type { RetentionMode } from './archive.ts';
import * as keys from './key.ts';
import { S3Connection, type Connection } from '../s3/s3-connection.ts';
import { badAnswer, statusOf } from '../s3/s3-errors.ts';
import { formatTime } from '../s3/s3-pages.ts';
import type { S3ArchiveOptions } from '../s3/s3-options.ts';

/** The lock on one version; mode 'none' where none was ever put on it. */
export interface ObjectLockState {
  readonly mode: RetentionMode | 'none';
  /** RFC 3339; '' when there is no lock. */
  readonly retainUntil: string;
}

export interface NewLock {
  readonly mode: RetentionMode;
  readonly until: Date;
  /** GOVERNANCE becomes COMPLIANCE: stores ask for the right to bypass for that. */
  readonly changesMode: boolean;
}

/** Some stores answer so for a version that never had a lock. */
const NO_LOCK: ReadonlySet<string> = new Set(['NoSuchObjectLockConfiguration', 'ObjectLockConfigurationNotFoundError']);

export class S3Keeper {
  readonly #connection: S3Connection;

  constructor(options: S3ArchiveOptions) {
    this.#connection = new S3Connection(options);
  }

  /** Needs s3:GetObjectRetention, and says so, where the header of a HEAD would just be missing. */
  readLock(key: string, versionId: string): Promise<ObjectLockState> {
    const call = { operation: 'GetObjectRetention', key };
    return this.#call(call, async ({ client, sdk, options }) => {
      const command = new sdk.GetObjectRetentionCommand(this.#version(key, versionId));
      const answer = await client.send(command, options).catch(undefinedWhenNone);
      const { Mode: mode, RetainUntilDate: until } = answer?.Retention ?? {};
      const isLock = (mode === 'GOVERNANCE' || mode === 'COMPLIANCE') && until !== undefined;
      return isLock ? { mode, retainUntil: formatTime(until) } : { mode: 'none', retainUntil: '' };
    });
  }

  /** Needs s3:PutObjectRetention; to change a mode s3:BypassGovernanceRetention, too. Throws ArchiveError. */
  async putLock(key: string, versionId: string, { mode, until, changesMode }: NewLock): Promise<void> {
    const bypass = changesMode ? { BypassGovernanceRetention: true } : {};
    await this.#call({ operation: 'PutObjectRetention', key }, ({ client, sdk, options }) => {
      const input = { ...this.#version(key, versionId), ...bypass };
      return client.send(
        new sdk.PutObjectRetentionCommand({ ...input, Retention: { Mode: mode, RetainUntilDate: until } }),
        options,
      );
    });
  }

  /** Needs s3:GetObjectLegalHold. */
  readHold(key: string, versionId: string): Promise<boolean> {
    return this.#call({ operation: 'GetObjectLegalHold', key }, async ({ client, sdk, options }) => {
      const command = new sdk.GetObjectLegalHoldCommand(this.#version(key, versionId));
      const answer = await client.send(command, options).catch(undefinedWhenNone);
      return answer?.LegalHold?.Status === 'ON';
    });
  }

  /** Needs s3:PutObjectLegalHold. */
  async putHold(key: string, versionId: string, isHeld: boolean): Promise<void> {
    await this.#call({ operation: 'PutObjectLegalHold', key }, ({ client, sdk, options }) => {
      const status = isHeld ? 'ON' : 'OFF';
      const input = { ...this.#version(key, versionId), LegalHold: { Status: status } } as const;
      return client.send(new sdk.PutObjectLegalHoldCommand(input), options);
    });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #call<T>(
    call: { readonly operation: string; readonly key: string },
    work: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    return this.#connection.call(call, 0, work);
  }

  #version(key: string, versionId: string) {
    keys.assertArchiveKey(key);
    // Without a version id the store would take the latest one, which may be anybody's.
    if (versionId === '') throw keys.missingVersion(key);
    return { ...this.#connection.target(key), VersionId: versionId };
  }
}

/** The lock read back after a change, or the error of a store that did not do as it said. */
export function assertKept(key: string, { mode, retainUntil }: ObjectLockState, asked: NewLock): void {
  if (mode === asked.mode && Date.parse(retainUntil) >= asked.until.getTime()) return;
  throw badAnswer({ operation: 'GetObjectRetention', key }, 'the lock just put');
}

/** What a refused change of mode means, told apart from a missing right to extend. */
export function modeRefused(key: string): ArchiveError {
  return new ArchiveError('archive-mode-kept', `expected ${key} to become COMPLIANCE, got a refusal of the store`, {
    transient: false,
    hint: 'a GOVERNANCE lock changes its mode only for s3:BypassGovernanceRetention: see docs/aws/README.md, From GOVERNANCE to COMPLIANCE',
  });
}

function undefinedWhenNone(error: unknown): undefined {
  if (error instanceof Error && NO_LOCK.has(error.name) && statusOf(error) >= 400) return undefined;
  throw error;
}
