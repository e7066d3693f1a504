// History that exists already, recorded as such: each state of a source from its oldest version on, one version in memory
// at a time. Goes on where it ended: the place in the history of a state commits with the records it gave.
import { ArchiveError, StoreError } from './errors.ts';
import type { RecorderClient } from './recorder/client.ts';
import type { Outcome } from './recorder/parts.ts';
import type { DiscoveredState, StateReference, StateSighting, StateSource } from './sources/source.ts';
import type { StateRow } from './store/states.ts';

export interface ImportParts {
  readonly source: StateSource;
  readonly recorder: Pick<RecorderClient, 'observe' | 'cursor' | 'states'>;
  readonly nameOf: (reference: StateReference) => string | undefined;
  /** The newest record of a state came from an import: there it may go on. */
  isImported(stateId: string): boolean;
  tell(outcome: Outcome): void;
  onProgress(progress: ImportProgress): void;
  readonly isStopped: () => boolean;
}

export interface ImportProgress {
  /** States with history, and how many of them are done. */
  readonly states: number;
  readonly done: number;
  readonly versions: number;
  /** Effective times of the first and the last version, RFC 3339; '' before the first. */
  readonly from: string;
  readonly to: string;
  /** Records from this import, by type; changes by kind. */
  readonly records: number;
  /** Names of states that were known before and are left alone: what watch has recorded is not recorded twice. */
  readonly skipped: readonly string[];
  /** Listed, and no states. */
  readonly strangers: number;
  readonly isStopped: boolean;
}

const MAX_SKIPPED = 1000;
/** Looks at one state in a row that bring nothing. */
const MAX_IDLE_LOOKS = 16;

/** Throws ArchiveError when the source cannot be listed. What was recorded until a failure stays, and is not repeated. */
export async function importHistory(parts: ImportParts): Promise<ImportProgress> {
  const { source, recorder } = parts;
  const found = await source.discover();
  assertListed(source, found);
  const rows = new Map((await recorder.states()).map((row) => [row.uri, row]));
  const watched = found.filter(({ isWatched }) => isWatched);
  const isKnown = (row: StateRow | undefined): row is StateRow => row !== undefined && !parts.isImported(row.id);
  const skipped = watched.flatMap(({ reference }) => {
    const row = rows.get(reference.uri);
    return isKnown(row) ? [row.name] : [];
  });
  const states = watched.filter(({ reference }) => !isKnown(rows.get(reference.uri)));
  let progress: ImportProgress = {
    states: states.length,
    done: 0,
    versions: 0,
    from: '',
    to: '',
    records: 0,
    skipped: skipped.slice(0, MAX_SKIPPED),
    strangers: found.length - watched.length,
    isStopped: false,
  };
  for (const state of states) {
    for await (const { sighting, outcome } of versionsOf(parts, state)) {
      parts.tell(outcome);
      progress = addVersion(progress, sighting, outcome);
      parts.onProgress(progress);
    }
    if (parts.isStopped()) return { ...progress, isStopped: true };
    progress = { ...progress, done: progress.done + 1 };
    parts.onProgress(progress);
  }
  return progress;
}

interface Recorded {
  readonly sighting: StateSighting;
  readonly outcome: Outcome;
}

async function* versionsOf(
  { source, recorder, nameOf, isStopped }: ImportParts,
  state: DiscoveredState,
): AsyncGenerator<Recorded> {
  const { reference } = state;
  const given = nameOf(reference);
  let idle = 0;
  while (!isStopped()) {
    const cursor = await recorder.cursor(reference.uri);
    const sighting = await source.look(reference, cursor);
    const outcome = await recorder.observe(sighting, {
      source: source.nameOf(reference.uri),
      nameCandidates: given === undefined ? state.nameCandidates : [given, ...state.nameCandidates],
      isInitial: sighting.store?.isFirst !== true,
      isFinalAttempt: true,
      isBackfilled: true,
    });
    const isNew = sighting.sourceVersion !== '' && sighting.sourceVersion !== cursor;
    if (isNew || outcome.to > outcome.from) yield { sighting, outcome };
    if (sighting.store?.isBehind !== true) return;
    idle = isNew ? 0 : idle + 1;
    if (idle > MAX_IDLE_LOOKS) throw standsStill(state);
  }
}

function addVersion(
  progress: ImportProgress,
  { sourceVersion, effectiveTime }: StateSighting,
  outcome: Outcome,
): ImportProgress {
  const { from, to } = progress;
  const time = sourceVersion === '' ? '' : effectiveTime;
  return {
    ...progress,
    versions: progress.versions + (time === '' ? 0 : 1),
    records: progress.records + outcome.to - outcome.from,
    from: time !== '' && (from === '' || time < from) ? time : from,
    to: time > to ? time : to,
  };
}

/** A source says what it could not list; an import that found nothing for that reason must not look like a success. */
function assertListed(source: StateSource, found: readonly DiscoveredState[]): void {
  const [problem] = source.problems();
  if (found.length > 0 || problem === undefined) return;
  const { code, message } = problem;
  throw new ArchiveError(code, message, {
    transient: false,
    hint: 'nothing was imported; run it again when this is mended',
  });
}

function standsStill({ reference }: DiscoveredState): StoreError {
  return new StoreError(
    'import-stands-still',
    `expected the next version of ${reference.uri}, got the same one again and again`,
    {
      hint: 'another process seems to record the same state: run import again when it has finished',
    },
  );
}
