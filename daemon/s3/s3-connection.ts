// The one door to S3 stores, for the archive and for the buckets states come from: a client made at the first call, patience and errors of every call, the store's
// clock, and where the credentials come from. Knows nothing of what is asked; s3*.ts say that.
// The SDK's own retries are off: after a failure the caller looks at what happened first.
import { Readable } from 'node:stream';
import type * as Sdk from '@aws-sdk/client-s3';
import { ArchiveError } from '../errors.ts';
import { Deadline } from './deadline.ts';
import { limitDocument } from './s3-body.ts';
import { StoreClock } from './s3-clock.ts';
import { assertAllowed, toOrigin, type CredentialOrigin } from './s3-credentials.ts';
import { toS3Error, type S3Call } from './s3-errors.ts';
import { toClientConfig, toPatienceMs, type S3ArchiveOptions } from './s3-options.ts';

/** What a call works with. */
export interface Connection {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.S3Client;
  /** To be given anew once it is known how much there is to read. */
  readonly deadline: Deadline;
  /** What every command takes beside its input. */
  readonly options: { readonly abortSignal: AbortSignal };
}

type Loaded = Pick<Connection, 'sdk' | 'client'>;

export class S3Connection {
  readonly options: S3ArchiveOptions;
  readonly clock = new StoreClock();
  readonly #now: () => number;
  readonly #closing = new AbortController();
  #loaded: Promise<Loaded> | undefined;

  /** Reaches for nothing yet: SDK, credentials and connections come with the first call. */
  constructor(options: S3ArchiveOptions) {
    this.options = options;
    this.#now = options.now ?? Date.now;
  }

  now(): number {
    return this.#now();
  }

  /** Bucket and key of one object of the archive. */
  target(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.options.bucket, Key: this.toKey(key) };
  }

  /** The key with the archive's prefix before it. */
  toKey(key: string): string {
    return this.options.prefix === '' ? key : `${this.options.prefix}/${key}`;
  }

  /**
   * One request, its body included, within patience for `bodyBytes`. Throws ArchiveError; `archive-instance-role` when
   * only the host's own role would answer and nobody allowed it.
   */
  async call<T>(call: S3Call, bodyBytes: number, work: (connection: Connection) => Promise<T>): Promise<T> {
    const { hasAnswer } = this.clock;
    const deadline = new Deadline(toPatienceMs(this.options, bodyBytes));
    try {
      this.#closing.signal.throwIfAborted();
      const abortSignal = AbortSignal.any([deadline.signal, this.#closing.signal]);
      const loaded = await this.#open();
      // Asked every time, and kept by the SDK: a profile that expired must not give way to the host's role unnoticed.
      const identity = await within(abortSignal, loaded.client.config.credentials());
      assertAllowed(toOrigin(identity), this.options);
      return await work({ ...loaded, deadline, options: { abortSignal } });
    } catch (error) {
      const cause = deadline.isOver && !(error instanceof ArchiveError) ? timeout : error;
      throw toS3Error(cause, call, { hasAnswer, skewMs: this.clock.skewMs });
    } finally {
      deadline.end();
    }
  }

  /** Where the credentials come from, whether allowed or not. Throws ArchiveError `archive-credentials` for none. */
  async credentialOrigin(): Promise<CredentialOrigin> {
    try {
      return toOrigin(await this.#identity());
    } catch (error) {
      throw toS3Error(error, { operation: 'the search for credentials', key: '' }, this.clock);
    }
  }

  /**
   * Whether another connection signs with the same access key. Compared here, so that no key leaves. Throws ArchiveError
   * `archive-credentials` where one of them has none.
   */
  async sharesKeyWith(other: S3Connection): Promise<boolean> {
    try {
      const [own, others] = await Promise.all([this.#identity(), other.#identity()]);
      return own.accessKeyId === others.accessKeyId;
    } catch (error) {
      throw toS3Error(error, { operation: 'the search for credentials', key: '' }, this.clock);
    }
  }

  /** Requests under way are cut, later ones refused: a silent store keeps nobody from stopping. */
  async close(): Promise<void> {
    this.#closing.abort();
    const loaded = this.#loaded;
    this.#loaded = undefined;
    if (loaded !== undefined) (await loaded).client.destroy();
  }

  async #identity() {
    const { client } = await this.#open();
    return client.config.credentials();
  }

  #open(): Promise<Loaded> {
    this.#loaded ??= this.#load().catch((error: unknown) => {
      // Tried anew by the next call: a profile may have been mended by then.
      this.#loaded = undefined;
      throw error;
    });
    return this.#loaded;
  }

  async #load(): Promise<Loaded> {
    const sdk = await import('@aws-sdk/client-s3');
    const client = new sdk.S3Client(toClientConfig(this.options));
    await client.config.region().catch(() => {
      throw regionMissing();
    });
    const watchAnswers = { step: 'deserialize', priority: 'low', name: 'statesealAnswers' } as const;
    // Innermost, so that it sees every answer, errors too, before the SDK reads the body.
    client.middlewareStack.add(
      (next, context) => async (args) => {
        const sentMs = this.#now();
        const result = await next(args);
        this.#seeAnswer(result.response, String(context['commandName']), sentMs);
        return result;
      },
      watchAnswers,
    );
    return { sdk, client };
  }

  #seeAnswer(answer: unknown, command: string, sentMs: number): void {
    if (!isAnswer(answer)) return;
    this.clock.observe(answer.headers['date'], sentMs, this.#now());
    const isObject = command === 'GetObjectCommand' && answer.statusCode < 300;
    if (isObject || command === 'HeadObjectCommand' || !(answer.body instanceof Readable)) return;
    answer.body = limitDocument(answer.body);
  }
}

/** A provider (a program, a metadata service) may hang, and takes no signal. */
function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(timeout);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  body: unknown;
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && 'headers' in value && 'statusCode' in value && 'body' in value;
}

function regionMissing(): ArchiveError {
  return new ArchiveError('archive-region-missing', 'expected a region for the archive, got none', {
    transient: false,
    hint: 'set the region of the archive, AWS_REGION, or the region of the profile',
  });
}

const timeout = Object.assign(new Error('timeout'), { name: 'TimeoutError', code: 'ETIMEDOUT' });
