// What the serials of a store of versions prove. Terraform's remote backends raise the serial by one per version they
// write, so that one and one follow each other and a jump means versions that are not there. Pure.
import type { StateSighting } from '../sources/source.ts';
import type { StateRow } from '../store/states.ts';
import { compareSerials } from './serial.ts';

/** 'unknown': nothing is proven either way. */
export type StoreOrder = 'contiguous' | 'gap' | 'unknown';

/** They write a state as it was given, with whatever serial it has. */
const FREE_OPERATIONS: ReadonlySet<string> = new Set([
  'state-push',
  'migration source state',
  'migration destination state',
]);

/** One step from the stored version to this one. Undefined where the source is no store of versions. */
export function stepOrder(
  row: Pick<StateRow, 'serial' | 'lineage' | 'contentTag'>,
  observed: Pick<StateRow, 'serial' | 'lineage'>,
  sighting: Pick<StateSighting, 'timeBasis' | 'store'>,
  operation: string,
): StoreOrder | undefined {
  if (sighting.timeBasis !== 'store' || sighting.store === undefined) return undefined;
  const serial = BigInt(observed.serial);
  // Born here: nothing lies between nothing and the first serial.
  if (row.contentTag === '') return serial <= 1n ? 'contiguous' : 'unknown';
  if (observed.lineage !== row.lineage || compareSerials(observed.serial, row.serial) <= 0) return 'unknown';
  // Terraform raises the serial with each try: what the backend refused was never a version.
  if (serial - BigInt(row.serial) === 1n || sighting.store.isGate === true) return 'contiguous';
  return FREE_OPERATIONS.has(operation) ? 'unknown' : 'gap';
}

/** A chain is as good as its weakest step. */
export function weakerOrder(a: StoreOrder | undefined, b: StoreOrder | undefined): StoreOrder | undefined {
  const known = [a, b].filter((order) => order !== undefined);
  return known.find((order) => order === 'gap') ?? known.find((order) => order === 'unknown') ?? known[0];
}
