// The data of source.inventoried: what one source finds in its places. As record/data.ts, it freezes with the first
// locked object, and docs/LOG-FORMAT.md and schemas/record.schema.json say the same.
import type { BlobReference, CommonData } from './data.ts';

/** Why a state that is known is not watched. 'refused': it cannot be opened or named; 'leftover': no state of its own. */
export type UnwatchedKind = 'backend' | 'ignored' | 'refused' | 'leftover' | 'other';

export interface UnwatchedState {
  /** Of the file that tells of it: for a backend its pointer. */
  readonly reference: string;
  readonly kind: UnwatchedKind;
  readonly reason: string;
  /** Type and location alone, never a credential. */
  readonly backend?: { readonly type: string; readonly location: string };
}

/** A state that is, or was, watched and that nobody can look at. */
export interface UnseenState {
  readonly reference: string;
  readonly code: string;
  readonly since: string;
}

/** source.inventoried: what one source (vantage.source) finds in its places; written at the start and when it changes. */
export interface SourceInventoriedData extends CommonData {
  readonly watched: number;
  readonly unwatched: readonly UnwatchedState[];
  /** Leftovers do not count. */
  readonly unwatchedCount: number;
  readonly unseen: readonly UnseenState[];
  readonly unseenCount: number;
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  /** Set when the lists did not fit: they are empty and stand in this blob, an object with the same three members. */
  readonly list?: BlobReference;
}
