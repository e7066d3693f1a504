// States of the backend in an S3 bucket of the user's: <prefix>/<name>.tfstate, staged beside it and copied into place;
// the lock as <name>.tfstate.tflock, where Terraform's own s3 backend would put it. Earlier versions are the bucket's.
import { randomUUID } from 'node:crypto';
import { readBody } from '../s3/s3-body.ts';
import { S3Connection, type Connection } from '../s3/s3-connection.ts';
import { isTaken, type S3Call } from '../s3/s3-errors.ts';
import { toPatienceMs, type S3ArchiveOptions } from '../s3/s3-options.ts';
import { ArchiveError, StoreError } from '../errors.ts';
import { MAX_LOCK_BYTES, type BackendStorage } from './storage.ts';

/** Stands in an object's metadata: an id that says nothing of the content, as an ETag would. */
const ID_KEY = 'stateseal-version';

/** Reaches for nothing yet. */
export function createS3Storage(options: S3ArchiveOptions, maxBytes: number): BackendStorage {
  const objects = new StateObjects(options);
  const current = (name: string): string => `${name}.tfstate`;
  const staged = (name: string): string => `${name}.tfstate.staged`;
  const lock = (name: string): string => `${name}.tfstate.tflock`;
  return {
    location: `s3://${[options.bucket, options.prefix].filter((part) => part !== '').join('/')}`,
    head: (name) => objects.id(current(name)),
    read: (name) => objects.get(current(name), maxBytes),
    async stage(name, bytes) {
      const id = randomUUID();
      await objects.put(staged(name), bytes, { id, isOnce: false });
      return id;
    },
    staged: (name) => objects.id(staged(name)),
    async publish(name) {
      await objects.copy(staged(name), current(name));
      await objects.remove(staged(name));
    },
    discard: (name) => objects.remove(staged(name)),
    retire: (name) => objects.remove(current(name)),
    async readLock(name) {
      const found = await objects.get(lock(name), MAX_LOCK_BYTES);
      return found && { bytes: found.bytes, createdMs: Date.parse(found.storedAt) };
    },
    async putLock(name, bytes) {
      // Some stores ignore the condition (docs/TERRAFORM.md): this process looks before it writes, too.
      if ((await objects.id(lock(name))) !== undefined) return false;
      return objects.put(lock(name), bytes, { id: randomUUID(), isOnce: true });
    },
    removeLock: (name) => objects.remove(lock(name)),
    close: () => objects.close(),
  };
}

/** Objects below the prefix, by key. Throws StoreError `backend-storage-failed`. */
class StateObjects {
  readonly #connection: S3Connection;

  constructor(options: S3ArchiveOptions) {
    this.#connection = new S3Connection(options);
  }

  async id(key: string): Promise<string | undefined> {
    const head = await this.#call({ operation: 'HeadObject', key }, 0, ({ client, sdk, options }) =>
      client.send(new sdk.HeadObjectCommand(this.#connection.target(key)), options),
    ).catch(undefinedWhenMissing);
    return head && toId(head);
  }

  async get(key: string, maxBytes: number) {
    const call = { operation: 'GetObject', key };
    return this.#call(call, 0, async ({ client, sdk, options, deadline }) => {
      const answer = await client.send(new sdk.GetObjectCommand(this.#connection.target(key)), options);
      deadline.allow(toPatienceMs(this.#connection.options, Math.min(answer.ContentLength ?? 0, maxBytes)));
      const bytes = await readBody(answer.Body, answer.ContentLength, call, maxBytes);
      return { id: toId(answer), bytes, storedAt: (answer.LastModified ?? new Date(0)).toISOString() };
    }).catch(undefinedWhenMissing);
  }

  /** False when `isOnce` and something stands there. */
  async put(key: string, bytes: Uint8Array, how: { readonly id: string; readonly isOnce: boolean }): Promise<boolean> {
    const input = {
      ...this.#connection.target(key),
      Body: bytes,
      ContentLength: bytes.length,
      ContentType: 'application/json',
      Metadata: { [ID_KEY]: how.id },
      ...(how.isOnce ? { IfNoneMatch: '*' } : {}),
    };
    return this.#call({ operation: 'PutObject', key }, bytes.length, async ({ client, sdk, options }) => {
      try {
        await client.send(new sdk.PutObjectCommand(input), options);
        return true;
      } catch (error) {
        if (how.isOnce && isTaken(error)) return false;
        throw error;
      }
    });
  }

  async copy(from: string, to: string): Promise<void> {
    const { Bucket, Key } = this.#connection.target(from);
    const source = [Bucket, ...Key.split('/')].map(encodeURIComponent).join('/');
    await this.#call({ operation: 'CopyObject', key: to }, 0, ({ client, sdk, options }) =>
      client.send(new sdk.CopyObjectCommand({ ...this.#connection.target(to), CopySource: source }), options),
    );
  }

  async remove(key: string): Promise<void> {
    await this.#call({ operation: 'DeleteObject', key }, 0, ({ client, sdk, options }) =>
      client.send(new sdk.DeleteObjectCommand(this.#connection.target(key)), options),
    );
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #call<T>(call: S3Call, bodyBytes: number, work: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      return await this.#connection.call(call, bodyBytes, work);
    } catch (error) {
      if (error instanceof ArchiveError && error.code === 'archive-object-missing') throw error;
      throw failed(error);
    }
  }
}

interface ObjectFacts {
  readonly Metadata?: Readonly<Record<string, string>> | undefined;
  readonly VersionId?: string | undefined;
  readonly LastModified?: Date | undefined;
  readonly ContentLength?: number | undefined;
}

/** What others put there has no id of ours: another time, size or version is another id. */
function toId(answer: ObjectFacts): string {
  const own = answer.Metadata?.[ID_KEY];
  if (own !== undefined && /^[0-9a-f-]{36}$/u.test(own)) return own;
  const { VersionId = 'null', LastModified, ContentLength } = answer;
  return `foreign-${LastModified?.getTime() ?? 0}-${ContentLength ?? 0}-${VersionId.replaceAll(/[^\w.-]/gu, '_')}`;
}

function undefinedWhenMissing(error: unknown): undefined {
  if (error instanceof ArchiveError && error.code === 'archive-object-missing') return undefined;
  throw error;
}

function failed(error: unknown): StoreError {
  const [code, cause] = error instanceof ArchiveError ? [error.code, error] : ['no answer', undefined];
  return new StoreError('backend-storage-failed', `could not reach the bucket of states: ${code}`, {
    hint: cause?.hint ?? 'check network and endpoint',
    ...(cause === undefined ? {} : { cause }),
  });
}
