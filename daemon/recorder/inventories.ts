// When what the sources find is worth a record: what each said last, when, and which references all of them watch.
import { formatJson } from '../json/format.ts';
import type { Json } from '../json/value.ts';
import { formatKeptUri } from '../sources/reference.ts';
import type { DiscoveredState } from '../sources/source.ts';
import type { Unseen } from './intake.ts';
import { toInventoryData, type InventoryData } from './inventory-data.ts';

export interface Inventories {
  /** What is to be recorded of this source now; undefined when nothing is. */
  next(source: Named, states: readonly DiscoveredState[], unseen: readonly Unseen[]): InventoryData | undefined;
}

interface Named {
  readonly name: string;
  problems(): readonly { readonly code: string; readonly message: string }[];
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

interface Told {
  text: string;
  atMs: number;
}

/** `now`: milliseconds of a clock that nobody sets back. */
export function createInventories(settings: InventorySettings, now: () => number): Inventories {
  const told = new Map<string, Told>();
  const watched = new Map<string, readonly string[]>();
  const kept = (settings.backend?.states ?? []).map(({ name }) => formatKeptUri(name));
  return {
    next(source, states, unseen) {
      const { name } = source;
      watched.set(
        name,
        states.filter(({ isWatched }) => isWatched).map(({ reference }) => reference.uri),
      );
      const data = toInventoryData({
        states,
        unseen: unseen.map(({ reference, code, sinceMs }) => ({
          reference,
          code,
          since: new Date(sinceMs).toISOString(),
        })),
        problems: source.problems(),
        watchedUris: new Set([...kept, ...[...watched.values()].flat()]),
        roots: settings.roots,
      });
      const text = formatJson(data as unknown as Json);
      const last = told.get(name);
      const pauseMs = text.length > LARGE_UNITS ? Math.max(settings.heartbeatMs, SMALL_PAUSE_MS) : SMALL_PAUSE_MS;
      if (last !== undefined && (last.text === text || now() - last.atMs < pauseMs)) return undefined;
      told.set(name, { text, atMs: now() });
      return data;
    },
  };
}
