// Drives one source: discovers references, looks when poked or polled, hands sightings to the recorder one at a time
// per reference, looks again where a version was not whole. Knows nothing of files or of what a state holds.
import type { DiscoveredState, StateReference, StateSource } from '../sources/source.ts';
import { ConfigError, describeForeign, StatesealError } from '../errors.ts';
import type { RecorderClient } from './client.ts';
import { Flood, FLOOD_PAUSE_MS, FLOOD_WINDOW_MS } from './flood.ts';
import type { Outcome } from './parts.ts';
import { isOfRuns } from './run-source.ts';
import { createSlots } from './slots.ts';

export interface IntakeParts {
  readonly source: StateSource;
  readonly recorder: Pick<RecorderClient, 'observe' | 'append' | 'cursor' | 'states'>;
  /** Milliseconds of a clock that nobody sets back. */
  now(): number;
  /** Calls back after `delayMs`; returns how to cancel. Injected: tests step the clock. */
  schedule(delayMs: number, run: () => void): () => void;
  onOutcome(outcome: Outcome): void;
  onDiscovered(states: readonly DiscoveredState[]): void;
  onFailure(error: StatesealError | string): void;
  /** Names given by configuration, by glob over the reference. */
  nameOf(reference: StateReference): string | undefined;
  /** True for a state that comes by itself: the backend's own are not looked for. */
  readonly isKeptElsewhere?: (uri: string) => boolean;
}

/** A watched state that nobody has been able to look at. */
export interface Unseen {
  readonly reference: string;
  readonly code: string;
  /** Milliseconds since the epoch, since when. */
  readonly sinceMs: number;
}

export interface Intake {
  /** States that no look has told anything of for longer than `limitMs`, and those that no root holds any more. */
  unseen(limitMs: number): readonly Unseen[];
  /** Looks at everything once, then follows the source. */
  start(): Promise<void>;
  /** Looks at every known reference now; resolves when all are done. */
  lookAtAll(): Promise<void>;
  close(): Promise<void>;
}

const RETRY_MS = [20, 50, 100, 200, 400, 800, 1600];
const REDISCOVER_MS = 10_000;
const FETCHES = 4;
interface Watched {
  readonly state: DiscoveredState;
  readonly isInitial: boolean;
  queue: Promise<void>;
  /** A look is asked for and has not begun. */
  isAsked: boolean;
  attempts: number;
  /** Since when, and why, looks say nothing; undefined while they do. */
  blind: Blindness | undefined;
  readonly flood: Flood;
}

interface Blindness {
  readonly code: string;
  /** By the clock that nobody sets back, and by the wall's. */
  readonly atMs: number;
  readonly sinceMs: number;
}

export function createIntake(parts: IntakeParts): Intake {
  const { source, recorder } = parts;
  const watched = new Map<string, Watched>();
  /** Watched once, and below no root any more. */
  const forgotten = new Map<string, Unseen>();
  const cancels = new Set<() => void>();
  const fetches = createSlots(FETCHES);
  let isClosed = false;

  const noteSight = (item: Watched, code: string | undefined): void => {
    if (code === undefined) item.blind = undefined;
    else item.blind ??= { code, atMs: parts.now(), sinceMs: Date.now() };
  };

  const later = (delayMs: number, run: () => void): void => {
    const cancel = parts.schedule(delayMs, () => {
      cancels.delete(cancel);
      if (!isClosed) run();
    });
    cancels.add(cancel);
  };

  const ask = (item: Watched): Promise<void> => {
    if (isClosed) return Promise.resolve();
    if (!item.isAsked) {
      item.isAsked = true;
      item.queue = item.queue.then(() => lookInTurn(item)).catch((error: unknown) => report(item, error));
    }
    return item.queue;
  };

  const report = (item: Watched, error: unknown): void => {
    // A state of an earlier configuration: its root is watched no more. Its history stays as it is.
    if (error instanceof ConfigError && error.code === 'reference-unknown') return forget(item);
    noteSight(item, error instanceof StatesealError ? error.code : 'unexpected');
    parts.onFailure(error instanceof StatesealError ? error : describeForeign(error));
    later(2_000, () => void ask(item));
  };

  const forget = (item: Watched): void => {
    const { uri } = item.state.reference;
    watched.delete(uri);
    forgotten.set(uri, { reference: uri, code: 'state-unwatched', sinceMs: Date.now() });
    parts.onFailure(
      new ConfigError('state-unwatched', `${uri} lies below no root any more: its changes are not recorded`, {
        hint: 'give its root again, under the same label',
      }),
    );
  };

  /** A file is looked at when it moves; versions that wait in a store come a few at a time. */
  const lookInTurn = (item: Watched): Promise<void> =>
    item.state.reference.uri.startsWith('dir:') ? look(item) : fetches.run(() => look(item));

  const look = async (item: Watched): Promise<void> => {
    item.isAsked = false;
    if (isClosed) return;
    if (item.flood.isPausing(parts.now())) return;
    const { reference } = item.state;
    const sighting = await source.look(reference, await recorder.cursor(reference.uri));
    noteSight(item, sighting.condition === 'unreadable' ? (sighting.problem?.code ?? 'state-unreadable') : undefined);
    const { store } = sighting;
    const outcome = await recorder.observe(sighting, {
      source: source.nameOf(reference.uri),
      nameCandidates: candidates(parts, item.state),
      isInitial: store === undefined ? item.isInitial : !store.isFirst,
      // What a store holds is whole: another look shows the same bytes.
      isFinalAttempt: store !== undefined || item.attempts >= RETRY_MS.length,
    });
    settle(item, outcome);
    if (outcome.verdict === 'retry') return;
    // A store loses no version to a loop of writes: they wait there, and are no flood when they are fetched.
    if (store === undefined) await watchFlood(item, outcome.verdict === 'recorded');
    else if (store.isBehind) void ask(item);
  };

  const settle = (item: Watched, outcome: Outcome): void => {
    if (outcome.to > outcome.from) parts.onOutcome(outcome);
    if (outcome.verdict !== 'retry') {
      item.attempts = 0;
      return;
    }
    const delay = RETRY_MS[Math.min(item.attempts, RETRY_MS.length - 1)] ?? 1_000;
    item.attempts += 1;
    later(delay, () => void ask(item));
  };

  const watchFlood = async (item: Watched, isNewVersion: boolean): Promise<void> => {
    const flood = item.flood.note(isNewVersion, parts.now());
    if (flood === 'calm') return;
    later(FLOOD_PAUSE_MS, () => void ask(item));
    if (flood === 'begins') await recordFlood(item);
  };

  const recordFlood = async (item: Watched): Promise<void> => {
    const { uri } = item.state.reference;
    const row = (await recorder.states()).find((state) => state.uri === uri && !state.isRetired);
    if (row === undefined) return;
    const outcome = await recorder.append([
      {
        type: 'state.flooded',
        source: uri,
        subject: row.name,
        moment: { source: source.nameOf(uri), effectiveTime: '', timeBasis: 'clock' },
        data: {
          state: { id: row.id, name: row.name, reference: row.uri, workspace: row.workspace },
          versions: item.flood.versions,
          windowSeconds: FLOOD_WINDOW_MS / 1000,
        },
      },
    ]);
    parts.onOutcome(outcome);
  };

  const discover = async (isInitial: boolean): Promise<void> => {
    const found = await source.discover();
    parts.onDiscovered(found);
    const fresh = found.filter((state) => state.isWatched && !watched.has(state.reference.uri));
    for (const state of fresh) {
      forgotten.delete(state.reference.uri);
      watched.set(state.reference.uri, createWatched(state, isInitial));
    }
    await Promise.all(fresh.map(({ reference }) => askUri(reference.uri)));
  };

  const askUri = async (uri: string): Promise<void> => {
    const item = watched.get(uri);
    if (item) return ask(item);
    if (!isClosed) await discover(false);
  };

  const adoptKnown = async (): Promise<void> => {
    // States of earlier runs first: where one has gone, its successor elsewhere is told from a copy.
    for (const row of await recorder.states()) {
      // What only runs have shown is watched by no source yet.
      if (row.isRetired || isOfRuns(row) || parts.isKeptElsewhere?.(row.uri) === true) continue;
      const reference = { uri: row.uri, workspace: row.workspace };
      watched.set(
        row.uri,
        createWatched(
          { reference, displayPath: row.uri, nameCandidates: [row.name], isWatched: true, reason: '' },
          true,
        ),
      );
    }
    await Promise.all([...watched.values()].map(ask));
  };

  const rediscover = (): void => {
    later(REDISCOVER_MS, () => {
      void discover(false)
        .catch((error: unknown) => parts.onFailure(error instanceof StatesealError ? error : describeForeign(error)))
        .finally(rediscover);
    });
  };

  return {
    unseen(limitMs) {
      const silent = [...watched.values()].flatMap(({ state, blind }): Unseen[] => {
        if (blind === undefined || parts.now() - blind.atMs <= limitMs) return [];
        return [{ reference: state.reference.uri, code: blind.code, sinceMs: blind.sinceMs }];
      });
      return [...forgotten.values(), ...silent].sort((a, b) => (a.reference < b.reference ? -1 : 1));
    },
    async start() {
      source.onPoke((uri) => void askUri(uri).catch((error: unknown) => parts.onFailure(describeForeign(error))));
      await source.start();
      await adoptKnown();
      await discover(true);
      rediscover();
    },
    async lookAtAll() {
      await discover(false);
      await Promise.all([...watched.values()].map(ask));
    },
    async close() {
      isClosed = true;
      for (const cancel of cancels) cancel();
      cancels.clear();
      await Promise.all([...watched.values()].map((item) => item.queue));
    },
  };
}

function createWatched(state: DiscoveredState, isInitial: boolean): Watched {
  return {
    state,
    isInitial,
    queue: Promise.resolve(),
    isAsked: false,
    attempts: 0,
    blind: undefined,
    flood: new Flood(),
  };
}

function candidates(parts: IntakeParts, state: DiscoveredState): readonly string[] {
  const given = parts.nameOf(state.reference);
  return given === undefined ? state.nameCandidates : [given, ...state.nameCandidates];
}
