// When what the sources find is worth a record: what was said last, and when.
import { formatJson } from '../json/format.ts';
import type { Json } from '../json/value.ts';
import { formatKeptUri } from '../sources/reference.ts';
import type { DiscoveredState, SourceProblem } from '../sources/source.ts';
import type { Unseen } from './intake.ts';
import { toInventoryData, type InventoryData } from './inventory-data.ts';

export interface Inventories {
  /** What is to be recorded now; undefined when nothing is. */
  next(found: Found): InventoryData | undefined;
}

export interface Found {
  readonly states: readonly DiscoveredState[];
  readonly problems: readonly SourceProblem[];
  readonly unseen: readonly Unseen[];
}

export interface InventorySettings {
  readonly roots: readonly { readonly label: string; readonly path: string }[];
  readonly heartbeatMs: number;
  /** The states that the recorder keeps itself. */
  readonly backend?: { readonly states: readonly { readonly name: string }[] } | undefined;
}

/** Checkouts come and go on a build host: a record a minute tells as much as one each. */
const SMALL_PAUSE_MS = 60_000;
/** A list of about this many characters goes to a blob. */
const LARGE_UNITS = 20 * 1024;

/** `now`: milliseconds of a clock that nobody sets back. */
export function createInventories(settings: InventorySettings, now: () => number): Inventories {
  let last: { readonly text: string; readonly atMs: number } | undefined;
  const kept = (settings.backend?.states ?? []).map(({ name }) => formatKeptUri(name));
  return {
    next({ states, problems, unseen }) {
      const watched = states.filter(({ isWatched }) => isWatched).map(({ reference }) => reference.uri);
      const data = toInventoryData({
        states,
        unseen: unseen.map(({ reference, code, sinceMs }) => ({
          reference,
          code,
          since: new Date(sinceMs).toISOString(),
        })),
        problems,
        watchedUris: new Set([...kept, ...watched]),
        roots: settings.roots,
      });
      const text = formatJson(data as unknown as Json);
      const pauseMs = text.length > LARGE_UNITS ? Math.max(settings.heartbeatMs, SMALL_PAUSE_MS) : SMALL_PAUSE_MS;
      if (last !== undefined && (last.text === text || now() - last.atMs < pauseMs)) return undefined;
      last = { text, atMs: now() };
      return data;
    },
  };
}
