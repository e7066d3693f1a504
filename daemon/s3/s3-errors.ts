// What an S3 store or the way to it answered → ArchiveErrors: transient (it may pass by itself) or permanent.
// Knows the shape of the SDK's errors, not the SDK. Never repeats a message: only operation, key, status, error name.
import { ArchiveError } from '../errors.ts';

/** One call as error texts name it: "PutObject of log/seal/0". */
export interface S3Call {
  readonly operation: string;
  readonly key: string;
}

interface Problem {
  readonly code: string;
  readonly transient: boolean;
  readonly hint: string;
}

const credentials: Problem = {
  code: 'archive-credentials',
  transient: false,
  hint: 'check the profile or environment the credentials come from: the store does not know them, or they have expired',
};
const denied: Problem = {
  code: 'archive-denied',
  transient: false,
  hint: 'compare the policies of these credentials and of the bucket with docs/OPERATIONS.md: an action is missing or denied',
};
const clockSkew: Problem = {
  code: 'archive-clock-skew',
  transient: false,
  hint: 'set the clock of this host: the store refuses requests signed more than minutes off its own time',
};
const missingBucket: Problem = {
  code: 'archive-missing',
  transient: false,
  hint: 'check the bucket name, the endpoint and the region: this store has no such bucket',
};
const missingObject: Problem = {
  code: 'archive-object-missing',
  transient: false,
  hint: 'compare with `stateseal verify`: the version was removed, has expired, or never was in this archive',
};
const wrongRegion: Problem = {
  code: 'archive-wrong-region',
  transient: false,
  hint: 'set the region of the archive to the one the bucket is in',
};
const cold: Problem = {
  code: 'archive-object-cold',
  transient: false,
  hint: 'a lifecycle rule moved the object to cold storage: restore it there, then try again',
};
const conflict: Problem = {
  code: 'archive-conflict',
  transient: true,
  hint: 'another writer was at the same key at the same moment; is a second recorder using this prefix?',
};
const unavailable: Problem = {
  code: 'archive-unavailable',
  transient: true,
  hint: 'the store has a problem or asks to slow down; sealing goes on when it answers again',
};
const refused: Problem = {
  code: 'archive-refused',
  transient: false,
  hint: 'the store does not take the request: has the bucket versioning and Object Lock, and does the KMS key exist?',
};
const unreachable: Problem = {
  code: 'archive-unreachable',
  transient: true,
  hint: 'check network, proxy and endpoint; sealing goes on when the store answers again',
};
const tls: Problem = {
  code: 'archive-tls',
  transient: false,
  hint: 'the certificate of the endpoint is not trusted or not its own: check endpoint and NODE_EXTRA_CA_CERTS',
};

/** What earlier answers told, this one's Date header included. */
export interface Answers {
  readonly hasAnswer: boolean;
  /** The store's clock minus ours, milliseconds. */
  readonly skewMs: number;
}

/** S3 refuses requests that were signed further from its own time. */
const MAX_SIGNED_SKEW_MS = 15 * 60_000;

/** Name of our own error for a document without end: only a name survives the SDK's handling. */
export const documentTooLong = 'DocumentTooLong';

const byName: ReadonlyMap<string, Problem> = new Map([
  ['RequestTimeTooSkewed', clockSkew],
  ['RequestInTheFuture', clockSkew],
  ['RequestExpired', clockSkew],
  ['ExpiredToken', credentials],
  ['InvalidAccessKeyId', credentials],
  ['InvalidToken', credentials],
  ['SignatureDoesNotMatch', credentials],
  ['TokenRefreshRequired', credentials],
  ['CredentialsProviderError', credentials],
  ['TokenProviderError', credentials],
  ['NoSuchBucket', missingBucket],
  ['NoSuchKey', missingObject],
  ['NoSuchVersion', missingObject],
  ['InvalidObjectState', cold],
  ['PermanentRedirect', wrongRegion],
  ['AuthorizationHeaderMalformed', wrongRegion],
  ['IllegalLocationConstraintException', wrongRegion],
  ['ConditionalRequestConflict', conflict],
  ['OperationAborted', conflict],
  ['InvalidBucketState', refused],
  ['BadDigest', unavailable],
  [documentTooLong, unavailable],
  ['IncompleteBody', unavailable],
  ['RequestTimeout', unavailable],
  ['SlowDown', unavailable],
  ['XAmzContentSHA256Mismatch', unavailable],
]);

const byStatus: ReadonlyMap<number, Problem> = new Map([
  [301, wrongRegion],
  [307, unavailable],
  [401, credentials],
  [403, denied],
  [404, missingObject],
  // What a store answers to the GET of a delete marker.
  [405, missingObject],
  [408, unavailable],
  [409, conflict],
  [425, unavailable],
  [429, unavailable],
]);

/**
 * Reduces an error of the SDK; an ArchiveError passes unchanged. `hasAnswer`: credentials have worked before, so that
 * their provider failing now is a hiccup, not a mistake.
 */
export function toS3Error(error: unknown, call: S3Call, { hasAnswer: hadAnswer, skewMs }: Answers): ArchiveError {
  if (error instanceof ArchiveError) return error;
  const status = statusOf(error);
  const name = nameOf(error);
  const found = status === 0 ? withoutAnswer(name, codeOf(error)) : toProblem(status, name);
  // A refused HEAD has no body that would name the reason, but the store's clock tells.
  const isSkewed = found === denied && call.operation === 'HeadObject' && Math.abs(skewMs) >= MAX_SIGNED_SKEW_MS;
  const problem = isSkewed ? clockSkew : found;
  const isHiccup = name.endsWith('ProviderError') && hadAnswer;
  const answer = status === 0 ? `no usable answer (${codeOf(error) || name})` : `${status} ${name}`;
  const what = call.key === '' ? call.operation : `${call.operation} of ${call.key}`;
  const details = { transient: problem.transient || isHiccup, hint: problem.hint };
  return new ArchiveError(problem.code, `expected the store to do ${what}, got ${answer}`, details);
}

/** An answer that contradicts what was asked, or is not understood. */
export function badAnswer(call: S3Call, what: string): ArchiveError {
  return new ArchiveError(
    'archive-bad-answer',
    `expected ${what} from ${call.operation} of ${call.key}, got another answer`,
    {
      transient: true,
      hint: 'a proxy, or a store that is not fully S3 compatible, may be in between: look at what it answers',
    },
  );
}

/** True for the answers that say that the key is taken. */
export function isTaken(error: unknown): boolean {
  const status = statusOf(error);
  if (status === 412) return true;
  return status === 409 && !byName.has(nameOf(error));
}

/** The HTTP status in an error of the SDK, 0 where there was no answer. */
export function statusOf(error: unknown): number {
  const metadata = property(error, '$metadata');
  const status = property(metadata, 'httpStatusCode');
  // The SDK fails on bodies it cannot parse without repeating the status in the metadata.
  const raw = property(property(error, '$response'), 'statusCode');
  return [status, raw].find((value) => typeof value === 'number') ?? 0;
}

function toProblem(status: number, name: string): Problem {
  const known = byName.get(name) ?? byStatus.get(status);
  if (known !== undefined) return known;
  return status >= 500 || status < 300 ? unavailable : refused;
}

function withoutAnswer(name: string, code: string): Problem {
  const isTls = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(code);
  return isTls ? tls : (byName.get(name) ?? unreachable);
}

// The names come from the store's XML: anything but a plain word is not repeated.
function nameOf(error: unknown): string {
  return plainWord(property(error, 'name')) || 'unknown';
}

function codeOf(error: unknown): string {
  return plainWord(property(error, 'code'));
}

function plainWord(value: unknown): string {
  return typeof value === 'string' && /^[A-Za-z][A-Za-z0-9_.]{0,60}$/.test(value) ? value : '';
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
