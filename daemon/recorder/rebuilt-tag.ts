// A state's content tag where the tag itself is lost and only the published commitment is known. Pure.
// Equality tags never leave the data directory, so that a rebuilt one has none: what it compares with are commitments,
// and those only within the key epoch they were made in.
import type { StateVersionData } from '../record/data.ts';
import type { ObservedState } from '../record/observation.ts';

const COMMITTED = 'committed:';
/** What stands for a state whose snapshot could not be rebuilt. */
export const UNKNOWN_CONTENT = 'unknown:';

/** Stands in the place of a content tag. */
export function rebuiltTag({ content }: Pick<StateVersionData, 'content'>): string {
  return `${COMMITTED}${content.kid}:${content.commitment}`;
}

/** Whether the bytes of this version are those that the tag stands for, or mean the same. */
export function isContentOf(tag: string, observed: Pick<ObservedState, 'contentTag' | 'kid' | 'commitment'>): boolean {
  return tag === observed.contentTag || tag === rebuiltTag({ content: observed });
}

/** True when nothing can be said of the way from that content to what is seen under the key epoch of now. */
export function isBeyondCompare(tag: string, kid: string): boolean {
  if (tag.startsWith(UNKNOWN_CONTENT)) return true;
  return tag.startsWith(COMMITTED) && !tag.startsWith(`${COMMITTED}${kid}:`);
}
