// The spool on disk: what its files are called, how large they may be, and the line that publishes the ingest key.
//   <spool>/ingest.pub   0644   public half of the ingest key, written by the daemon alone
//   <spool>/refused      0644   who is over quota now, written by the daemon alone
//   <spool>/tmp/         boxes while they are written      <spool>/new/   whole boxes, one observation each

export const INGEST_PUB = 'ingest.pub';
export const REFUSED = 'refused';
export const TMP = 'tmp';
export const NEW = 'new';

/** The largest box that is read. */
export const MAX_BOX_BYTES = 64 * 1024 * 1024;
/** What all attachments of one observation may hold, uncompressed. */
export const MAX_RAW_BYTES = 256 * 1024 * 1024;

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u;
const SUFFIX = '.box';

export function isUuidV7(text: string): boolean {
  return UUID_V7.test(text);
}

/** `key`: the idempotency key of the observation, which also orders the files by time. */
export function toBoxName(key: string): string {
  return `${key}${SUFFIX}`;
}

/** The key in the name of a box, or undefined for a name that no client of ours gives. */
export function keyOfBoxName(name: string): string | undefined {
  if (!name.endsWith(SUFFIX)) return undefined;
  const key = name.slice(0, -SUFFIX.length);
  return isUuidV7(key) ? key : undefined;
}

/** What `refused` says: one word a line. */
export interface RefusedList {
  readonly isFull: boolean;
  readonly uids: readonly number[];
}

export function formatRefused({ isFull, uids }: RefusedList): string {
  return [...(isFull ? ['full'] : []), ...uids.map((uid) => `uid:${uid}`)].map((word) => `${word}\n`).join('');
}

/** Lines that are not understood say nothing. */
export function parseRefused(text: string): RefusedList {
  const words = text.split('\n');
  const uids = words.flatMap((word) => (/^uid:\d{1,10}$/u.test(word) ? [Number(word.slice('uid:'.length))] : []));
  return { isFull: words.includes('full'), uids };
}
