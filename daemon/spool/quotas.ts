// How much of the spool one account may fill, and all of them together; and in which order accounts are served. Pure.
import type { SeenEntry } from './entry.ts';
import type { RefusedList } from './layout.ts';

export interface Quotas {
  /** Boxes of one uid that may wait. */
  readonly files: number;
  /** Their bytes. */
  readonly sizeBytes: number;
  /** Bytes of everything that waits. */
  readonly totalBytes: number;
}

export const DEFAULT_QUOTAS: Quotas = {
  files: 10_000,
  sizeBytes: 1024 * 1024 * 1024,
  totalBytes: 4 * 1024 * 1024 * 1024,
};

export interface Admission {
  readonly within: readonly SeenEntry[];
  /** The newest of those that have too much. */
  readonly beyond: readonly SeenEntry[];
  /** Who should not leave any more now. */
  readonly refused: RefusedList;
}

/** Oldest first by name, account by account: what came first stays, and nobody pays for another account's flood. */
export function applyQuotas(entries: readonly SeenEntry[], quotas: Quotas): Admission {
  const used = new Map<number, { files: number; sizeBytes: number; isOver: boolean }>();
  const within: SeenEntry[] = [];
  const beyond: SeenEntry[] = [];
  let totalBytes = 0;
  for (const entry of inTurns(entries)) {
    const own = used.get(entry.uid) ?? { files: 0, sizeBytes: 0, isOver: false };
    const isOver =
      own.files + 1 > quotas.files ||
      own.sizeBytes + entry.sizeBytes > quotas.sizeBytes ||
      totalBytes + entry.sizeBytes > quotas.totalBytes;
    used.set(entry.uid, {
      files: own.files + 1,
      sizeBytes: own.sizeBytes + entry.sizeBytes,
      isOver: own.isOver || isOver,
    });
    (isOver ? beyond : within).push(entry);
    if (!isOver) totalBytes += entry.sizeBytes;
  }
  const uids = [...used].filter(([, { isOver }]) => isOver).map(([uid]) => uid);
  return {
    within,
    beyond,
    refused: { isFull: totalBytes > quotas.totalBytes * 0.95, uids: uids.sort((a, b) => a - b) },
  };
}

/** Each account in turn, each by the order of its names: ids that begin with the time. */
export function inTurns(entries: readonly SeenEntry[]): SeenEntry[] {
  const queues = new Map<number, SeenEntry[]>();
  for (const entry of entries) {
    const queue = queues.get(entry.uid);
    if (queue === undefined) queues.set(entry.uid, [entry]);
    else queue.push(entry);
  }
  const sorted = [...queues.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, queue]) => queue.sort((a, b) => (a.name < b.name ? -1 : 1)));
  const longest = Math.max(0, ...sorted.map(({ length }) => length));
  const order: SeenEntry[] = [];
  for (let turn = 0; turn < longest; turn += 1) {
    for (const queue of sorted) {
      const entry = queue[turn];
      if (entry !== undefined) order.push(entry);
    }
  }
  return order;
}
