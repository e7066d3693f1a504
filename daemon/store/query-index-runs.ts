// The derived rows of runs and links: part of query-index.ts, made from the lines alone.
import type { ParsedRecord } from '../record/record.ts';
import { isWritingCommand } from '../record/run.ts';
import type { Sqlite } from './database.ts';
import { objectsAt, textAt, timeMs } from './queries-fields.ts';
import { formatRuns } from './runs.ts';

const RUN_TYPES: ReadonlySet<string> = new Set(['run.started', 'run.finished', 'platform.reported']);

/** Adds the rows of one record, where it is of a run or a link. */
export function createRunIndex(database: Sqlite): (leafIndex: number, record: ParsedRecord) => void {
  const addRun = database.prepare('INSERT INTO run_index VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const addLink = database.prepare('INSERT INTO link_index VALUES (?, ?, ?, ?, ?, ?)');
  const addVerdict = database.prepare('INSERT INTO verdict_index VALUES (?, ?, ?)');
  return (leafIndex, record) => {
    if (RUN_TYPES.has(record.type)) addRun.run(leafIndex, ...runRow(record));
    else if (record.type === 'change.judged') {
      addVerdict.run(leafIndex, textAt(record.data, 'change'), textAt(record.data, 'verdict'));
    } else if (record.type === 'change.linked') addLink.run(leafIndex, ...linkRow(record));
  };
}

function runRow({ type, time, data }: ParsedRecord): (string | number)[] {
  const finishedMs = timeMs(textAt(data, 'effectiveTime'), timeMs(time, 0));
  const startedMs = timeMs(textAt(data, 'startedAt'), finishedMs);
  const isWriter = type === 'run.finished' && isWritingCommand(textAt(data, 'command', 'subcommand'));
  const outcome = textAt(data, 'outcome');
  return [
    outcome === '' || outcome === 'succeeded' || !isWriter ? type : `${type}:${outcome}`,
    textAt(data, 'run', 'uid'),
    textAt(data, 'key'),
    textAt(data, 'run', 'id'),
    textAt(data, 'backend', 'reference'),
    isWriter ? 1 : 0,
    startedMs,
    finishedMs,
  ];
}

function linkRow({ data }: ParsedRecord): string[] {
  const own = { id: textAt(data, 'run', 'id'), uid: textAt(data, 'run', 'uid') };
  const candidates = objectsAt(data, 'candidates').map((run) => ({ id: textAt(run, 'id'), uid: textAt(run, 'uid') }));
  const content = textAt(data, 'content');
  // What a second vantage saw says nothing about who made the change.
  const runs = content !== '' ? [] : own.id === '' ? candidates : [own];
  return [textAt(data, 'change'), own.id, own.uid, content, formatRuns(runs)];
}
