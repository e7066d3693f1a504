// The slow look at known states: finds what no event told, and locks whose holder died without a trace.
// Stats only; opens nothing.
import { formatFileVersion, lstatIfThere } from './contained-file.ts';
import { lockStat, readHolder } from './lock-file.ts';
import type { PlaceMemory } from './places.ts';
import type { LockTable } from './proc-locks.ts';

/** Calls `poke` for every state that differs from the previous poll or from its last sighting. */
export async function pollPlaces(
  places: Iterable<PlaceMemory>,
  table: LockTable,
  signal: AbortSignal,
  poke: (uri: string) => void,
): Promise<void> {
  for (const memory of [...places]) {
    if (signal.aborted) return;
    if (await hasStirred(memory, table)) poke(memory.place.reference.uri);
  }
}

async function hasStirred(memory: PlaceMemory, table: LockTable): Promise<boolean> {
  const { place, polled } = memory;
  const stat = await lstatIfThere(place.path).catch(() => undefined);
  const version = stat === undefined ? '' : formatFileVersion(stat);
  const lock = await lockStat(place);
  // Only a lock that was held can have lost its holder: the kernel's table is not read for anything else.
  const isHeld = lock !== undefined && memory.sighted?.lock?.holder === 'held';
  const holder = isHeld ? (await readHolder(place, table)).holder : '';
  const now = `${version} ${lock === undefined ? '' : formatFileVersion(lock)}`;
  memory.polled = now;
  const isUnsighted = memory.sighted !== undefined && memory.sighted.fileVersion !== version;
  return (polled !== '' && polled !== now) || isUnsighted || (isHeld && holder !== 'held');
}
