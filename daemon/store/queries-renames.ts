// The other names of a resource instance: where it moved from and to, state by state.
import type { Sqlite } from './database.ts';
import { createBlobReader } from './queries-blob.ts';
import { textAt } from './queries-fields.ts';
import type { AddressInState } from './queries-filter.ts';
import type { ReadRecord } from './queries-read.ts';
import { netActionsOf } from './query-index.ts';

/** A chain of moves longer than this is cut: somebody renames in a loop. */
const MAX_NAMES = 100;

/** Names that a literal address had before and after; [] for a glob. */
export type FindRenames = (address: string) => readonly AddressInState[];

export function createFindRenames(database: Sqlite, readRecord: ReadRecord): FindRenames {
  const blobs = createBlobReader(database);
  const moves = database
    .prepare<[string]>(
      `SELECT DISTINCT leaf_index FROM change_action
       WHERE address = ? AND (instr(actions, ',move,') > 0 OR instr(actions, ',moved-away,') > 0)`,
    )
    .pluck();

  const neighbours = (address: string): AddressInState[] =>
    (moves.all(address) as number[]).flatMap((leafIndex) => {
      const data = readRecord(leafIndex)?.record.data;
      if (data === undefined) return [];
      const stateId = textAt(data, 'state', 'id');
      return netActionsOf(data, blobs).flatMap((action) => {
        const from = textAt(action, 'previousAddress');
        const to = textAt(action, 'address');
        if (from === '' || (from !== address && to !== address)) return [];
        return [{ stateId, address: from === address ? to : from }];
      });
    });

  return (address) => {
    if (/[*?]/.test(address)) return [];
    const found = new Map<string, AddressInState>();
    let open: readonly AddressInState[] = neighbours(address);
    while (open.length > 0 && found.size < MAX_NAMES) {
      const fresh = open.filter((name) => name.address !== address && !found.has(keyOf(name)));
      for (const name of fresh) found.set(keyOf(name), name);
      open = fresh.flatMap((name) => neighbours(name.address).filter((next) => next.stateId === name.stateId));
    }
    return [...found.values()];
  };
}

function keyOf({ stateId, address }: AddressInState): string {
  return `${stateId}\0${address}`;
}
