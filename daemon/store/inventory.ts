// An inventory as it is read back from the log. Types only.
import type { UnseenState, UnwatchedState } from '../record/inventory.ts';

export interface SourceInventory {
  readonly leafIndex: number;
  /** RFC 3339. */
  readonly time: string;
  /** Name of the source. */
  readonly source: string;
  readonly watched: number;
  readonly unwatched: readonly ListedState[];
  readonly unwatchedCount: number;
  readonly unseen: readonly UnseenState[];
  readonly unseenCount: number;
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  /** False when the blob of the lists is no longer here. */
  readonly isWhole: boolean;
}

/** Kinds of later versions pass as they are. */
export interface ListedState extends Omit<UnwatchedState, 'kind'> {
  readonly kind: string;
}

/** What an inventory tells that somebody should look at, and that the one before it did not. */
export interface InventoryNews {
  readonly backends: readonly ListedState[];
  readonly unseen: readonly UnseenState[];
}
