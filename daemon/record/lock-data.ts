// What records of locks say: the `data` member. The same rules as for data.ts hold: frozen with the first locked object.
import type { CommonData, StateIdentity } from './data.ts';
import type { Claim } from './observation.ts';

export interface VersionMark {
  readonly lineage: string;
  readonly serial: string;
}

export interface LockData extends CommonData {
  readonly state: StateIdentity;
  readonly lock: { readonly id: string; readonly operation: string; readonly created: string };
  readonly claims: readonly Claim[];
  /** Version of the state that was recorded last; omitted where the first one is of the hold that begins. */
  readonly at?: VersionMark;
  /** lock.released, lock.abandoned: the same when the hold was first seen. Where both are one, nothing was written. */
  readonly since?: VersionMark;
  /** lock.released: by force-unlock, which its holder need not know of. */
  readonly forced?: true;
}
