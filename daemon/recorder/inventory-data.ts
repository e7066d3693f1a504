// What a source finds, as source.inventoried says it: counts, and lists that may stand in a blob. Pure. Names, places and
// words; never what a state or a backend's configuration holds.
import { posix } from 'node:path';
import type { SourceInventoriedData, UnseenState, UnwatchedState } from '../record/inventory.ts';
import { formatReferenceUri, parseReferenceUri, toKeptUri } from '../sources/reference.ts';
import type { DiscoveredState } from '../sources/source.ts';

export interface InventoryInput {
  readonly states: readonly DiscoveredState[];
  readonly unseen: readonly UnseenState[];
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  /** References that any source watches: a backend that one of them covers is watched after all. */
  readonly watchedUris: ReadonlySet<string>;
  /** For local backends that are named by an absolute path. */
  readonly roots: readonly { readonly label: string; readonly path: string }[];
}

export type InventoryData = Omit<SourceInventoriedData, 'vantage' | 'effectiveTime' | 'timeBasis' | 'boot'>;

/** More than this of one list is counted, not listed. */
const MAX_LISTED = 50_000;
const MAX_TEXT_UNITS = 2048;
const MAX_PROBLEMS = 100;

export function toInventoryData({ states, unseen, problems, watchedUris, roots }: InventoryInput): InventoryData {
  const unwatched = states.filter((state) => !state.isWatched && !isCovered(state, watchedUris, roots));
  return {
    watched: states.filter(({ isWatched }) => isWatched).length,
    unwatched: unwatched.slice(0, MAX_LISTED).map(toUnwatched),
    unwatchedCount: unwatched.filter(({ kind }) => kind !== 'leftover').length,
    unseen: unseen.slice(0, MAX_LISTED),
    unseenCount: unseen.length,
    problems: problems.slice(0, MAX_PROBLEMS).map(({ code, message }) => ({ code, message: cut(message) })),
  };
}

function toUnwatched({ reference, kind = 'other', reason, backend }: DiscoveredState): UnwatchedState {
  const place = backend && { type: backend.type, location: cut(backend.location) };
  return {
    reference: cut(reference.uri),
    kind,
    reason: cut(reason),
    ...(place === undefined ? {} : { backend: place }),
  };
}

function cut(text: string): string {
  return text.length > MAX_TEXT_UNITS ? `${text.slice(0, MAX_TEXT_UNITS).toWellFormed()}…` : text;
}

function isCovered(
  { reference, backend, elsewhere }: DiscoveredState,
  watchedUris: ReadonlySet<string>,
  roots: InventoryInput['roots'],
): boolean {
  if (backend === undefined) return false;
  if (elsewhere !== undefined) return watchedUris.has(elsewhere) || watchedUris.has(toKeptUri(elsewhere) ?? '');
  if (backend.type !== 'local') return false;
  const uri = toLocalUri(reference.uri, backend.location, roots);
  return uri !== undefined && watchedUris.has(uri);
}

/** The reference of a local backend's state: its path starts at the folder of the configuration. */
function toLocalUri(pointer: string, path: string, roots: InventoryInput['roots']): string | undefined {
  const home = parseReferenceUri(pointer);
  if (home === undefined) return undefined;
  const folder = posix.dirname(posix.dirname(home.relativePath));
  if (!posix.isAbsolute(path)) return formatReferenceUri(home.label, posix.join(folder, path));
  const root = roots.find((candidate) => path.startsWith(`${candidate.path}/`));
  return root && formatReferenceUri(root.label, path.slice(root.path.length + 1));
}
