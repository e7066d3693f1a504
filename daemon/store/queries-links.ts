// What became known of a change after it was recorded: its verdict, the runs it can be of, and what a second vantage saw.
// The newest verdict and statement about runs count; every comparison of contents stays.
import { PROBLEM_VERDICTS } from '../record/verdict-data.ts';
import type { RunIdentity } from '../record/run-data.ts';
import type { Sqlite } from './database.ts';
import { objectAt, objectsAt, textAt } from './queries-fields.ts';
import type { ReadRecord } from './queries-read.ts';
import { toRunEnd, type RunEnd } from './run-end.ts';
import { toClaim, type ChangeSummary, type StoredRecord } from './queries-summary.ts';

/** `size`: as of that tree size. */
export type AddLinks = (change: ChangeSummary, size?: number) => ChangeSummary;

/** At most so many statements about one change are read: each run leaves two. */
const MAX_LINKS = 256;

export function createAddLinks(database: Sqlite, readRecord: ReadRecord): AddLinks {
  const linksOf = database
    .prepare<[string, number], number>(
      `SELECT leaf_index FROM link_index WHERE change_id = ? AND change_id <> '' AND leaf_index < ?
       ORDER BY leaf_index DESC LIMIT ${MAX_LINKS}`,
    )
    .pluck();
  const endOf = database
    .prepare<[string, string, number], number>(
      `SELECT leaf_index FROM run_index WHERE run = ? AND uid = ? AND type LIKE 'run.finished%' AND leaf_index < ?
       ORDER BY leaf_index DESC LIMIT 1`,
    )
    .pluck();
  const runEndOf = (runs: readonly RunIdentity[], size: number): RunEnd | undefined => {
    const [run, ...others] = runs;
    if (run === undefined || others.length > 0) return undefined;
    const leafIndex = endOf.get(run.id, run.uid, size);
    const stored = leafIndex === undefined ? undefined : readRecord(leafIndex);
    return stored && toRunEnd(stored);
  };
  const verdictOf = database
    .prepare<[string, number], string>(
      'SELECT verdict FROM verdict_index WHERE change_id = ? AND leaf_index < ? ORDER BY leaf_index DESC LIMIT 1',
    )
    .pluck();
  const judge = (change: ChangeSummary, size: number): ChangeSummary => {
    const verdict = verdictOf.get(change.id, size) ?? '';
    return { ...change, verdict, isProblem: change.isProblem || PROBLEM_VERDICTS.has(verdict) };
  };
  return (change, size = Number.MAX_SAFE_INTEGER) => {
    const judged = judge(change, size);
    const indexes = linksOf.all(change.id, size);
    if (indexes.length === 0) return judged;
    const linked = withLinks(
      judged,
      indexes.flatMap((leafIndex) => readRecord(leafIndex) ?? []),
    );
    return { ...linked, runEnd: runEndOf(linked.runs, size) };
  };
}

/** `links`: newest first. */
function withLinks(change: ChangeSummary, links: readonly StoredRecord[]): ChangeSummary {
  const maker = links.find(({ record }) => textAt(record.data, 'content') === '')?.record.data;
  const claims = maker === undefined ? [] : objectsAt(maker, 'claims').map(toClaim);
  const contents = links.map(({ record }) => textAt(record.data, 'content')).filter((content) => content !== '');
  return { ...change, claims: [...change.claims, ...claims], runs: runsOf(maker), contents: contents.reverse() };
}

function runsOf(data: StoredRecord['record']['data'] | undefined): readonly RunIdentity[] {
  if (data === undefined) return [];
  const only = objectAt(data, 'run');
  const found = only === undefined ? objectsAt(data, 'candidates') : [only];
  return found.map((run) => ({ id: textAt(run, 'id'), uid: textAt(run, 'uid') }));
}
