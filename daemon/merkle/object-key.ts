// Names of the objects of one log in its archive, relative to the log's folder (docs/LOG-FORMAT.md, The archive).
// Keyed by the size before the batch, so that the store itself decides who extends size n. Knows no store.

export type ObjectKind = 'batch' | 'blob' | 'seal' | 'checkpoint';

/** `attempt` counts from 1; from 2 on it is the suffix `~2`, `~3`, … of a key whose earlier ones are obstructed. */
export type ObjectKey =
  | { readonly kind: 'batch' | 'seal' | 'checkpoint'; readonly prev: number; readonly attempt: number }
  | { readonly kind: 'blob'; readonly prev: number; readonly sha256: string; readonly attempt: number };

/** Something else lies in the archive: a later version's folder, or somebody's junk. */
export interface UnknownKey {
  readonly kind: 'unknown';
}

export function batchKey(prev: number, attempt = 1): string {
  return `batch/${formatPrev(prev)}.ndjson.gz${formatAttempt(attempt)}`;
}

export function sealKey(prev: number, attempt = 1): string {
  return `seal/${formatPrev(prev)}${formatAttempt(attempt)}`;
}

export function checkpointKey(prev: number, attempt = 1): string {
  return `checkpoint/${formatPrev(prev)}${formatAttempt(attempt)}`;
}

/** `sha256` of the body, 64 lower-case hex digits. */
export function blobKey(prev: number, sha256: string, attempt = 1): string {
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RangeError('expected 64 lower-case hex digits, got another text');
  return `blob/${formatPrev(prev)}/${sha256}${formatAttempt(attempt)}`;
}

export function formatObjectKey(key: ObjectKey): string {
  switch (key.kind) {
    case 'batch':
      return batchKey(key.prev, key.attempt);
    case 'blob':
      return blobKey(key.prev, key.sha256, key.attempt);
    case 'seal':
      return sealKey(key.prev, key.attempt);
    case 'checkpoint':
      return checkpointKey(key.prev, key.attempt);
  }
}

const patterns: Readonly<Record<ObjectKind, RegExp>> = {
  batch: /^batch\/(?<prev>\d{16})\.ndjson\.gz(?:~(?<attempt>\d{1,9}))?$/,
  blob: /^blob\/(?<prev>\d{16})\/(?<sha256>[0-9a-f]{64})(?:~(?<attempt>\d{1,9}))?$/,
  seal: /^seal\/(?<prev>\d{16})(?:~(?<attempt>\d{1,9}))?$/,
  checkpoint: /^checkpoint\/(?<prev>\d{16})(?:~(?<attempt>\d{1,9}))?$/,
};

/** Never throws: anybody may have put anything into an archive. */
export function parseObjectKey(key: string): ObjectKey | UnknownKey {
  for (const kind of ['batch', 'blob', 'seal', 'checkpoint'] as const) {
    const groups = patterns[kind].exec(key)?.groups;
    if (groups !== undefined) return toObjectKey(kind, groups);
  }
  return { kind: 'unknown' };
}

function toObjectKey(kind: ObjectKind, groups: Readonly<Record<string, string | undefined>>): ObjectKey | UnknownKey {
  const prev = Number(groups['prev']);
  const attempt = groups['attempt'] === undefined ? 1 : Number(groups['attempt']);
  // `~1` and `~02` would be second names of other keys.
  const isCanonical = groups['attempt'] === undefined || (attempt >= 2 && String(attempt) === groups['attempt']);
  if (!isCanonical || !Number.isSafeInteger(prev)) return { kind: 'unknown' };
  return kind === 'blob' ? { kind, prev, sha256: groups['sha256'] ?? '', attempt } : { kind, prev, attempt };
}

function formatPrev(prev: number): string {
  if (!Number.isSafeInteger(prev) || prev < 0) throw new RangeError('expected a size from 0 to 2^53-1, got another');
  return String(prev).padStart(16, '0');
}

function formatAttempt(attempt: number): string {
  if (!Number.isInteger(attempt) || attempt < 1 || attempt > 999_999_999) {
    throw new RangeError('expected an attempt from 1 on, got another');
  }
  return attempt === 1 ? '' : `~${attempt}`;
}
