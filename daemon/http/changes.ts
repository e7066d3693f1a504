// Changes and what they did to resources, as `stateseal log` and `stateseal show` tell them.
import { parseChangeFilter } from '../answers/change-filter.ts';
import { describeRecord } from '../answers/record-json.ts';
import { createLineFormats, logCsvHead, type LogItems } from '../answers/log-items.ts';
import { parseGroup } from '../answers/count-group.ts';
import { matchesGlob } from '../store/queries-glob.ts';
import type { ChangeFilter } from '../store/queries-filter.ts';
import type { LabelledStates } from '../store/labels.ts';
import type { LogPage, Page } from '../store/queries-list.ts';
import type { Queries } from '../store/queries.ts';
import { AT_SIZE, type Read } from './answer.ts';
import { LIST_PARAMETERS, type List } from './list.ts';
import { listLines } from './log-lines.ts';
import { RECORD_UNKNOWN } from './problem.ts';
import { parseKey, Refusal, type Parameters, type Question } from './question.ts';

/** What narrows changes to those of some states and times; counts know these alone. */
const COUNT_PARAMETERS: Parameters = {
  ...AT_SIZE,
  state: 'text',
  env: 'list',
  label: 'list',
  address: 'text',
  type: 'text',
  action: 'list',
  kind: 'list',
  since: 'text',
  until: 'text',
  'recorded-since': 'text',
  verdict: 'list',
  'no-plan': 'flag',
  'beyond-plan': 'flag',
  problems: 'flag',
  unexplained: 'flag',
  emergency: 'flag',
  ticket: 'text',
};
const CHANGE_PARAMETERS: Parameters = {
  ...COUNT_PARAMETERS,
  path: 'text',
  actor: 'text',
  run: 'text',
  pr: 'text',
  commit: 'text',
  'no-actor': 'flag',
  'no-run': 'flag',
};

export const changes: Read = {
  parameters: { ...CHANGE_PARAMETERS, ...LIST_PARAMETERS },
  answer: (question) => listLog(question, 'changes', readFilter(question)),
};

export const resourceChanges: Read = {
  parameters: { ...CHANGE_PARAMETERS, ...LIST_PARAMETERS },
  answer: (question) => listLog(question, 'resources', readFilter(question)),
};

/** One resource instance across its moves: its address is in the path, the rest narrows. */
export const resourceHistory: Read = {
  parameters: { ...AT_SIZE, state: 'text', since: 'text', until: 'text', ...LIST_PARAMETERS },
  answer: (question) => listLog(question, 'resources', { ...readFilter(question), address: question.path('address') }),
};

export const change: Read = {
  parameters: {},
  answer: (question) => {
    const { queries } = question.log;
    return queries.atOneMoment(() => {
      const stored = queries.readRecord(parseKey(question));
      const found = stored?.record.type === 'state.changed' ? stored : undefined;
      const within = statesOf(question);
      const isTold =
        found !== undefined && (within === undefined || within.ids.has(stateIdOf(queries, found.leafIndex)));
      if (!isTold) throw new Refusal(RECORD_UNKNOWN);
      return { is: 'json', value: describeRecord(queries, found) };
    });
  },
};

export const counts: Read = {
  parameters: { ...COUNT_PARAMETERS, by: 'text' },
  answer: (question) => {
    const { queries } = question.log;
    const by = parseGroup(question.asked.text('by'), question.refuse);
    const rows = queries.counts.by(by, readFilter(question));
    return {
      is: 'json',
      value: { size: question.size, next: null, items: rows.map((row) => ({ object: 'count', by, ...row })) },
    };
  },
};

export const totals: Read = {
  parameters: COUNT_PARAMETERS,
  answer: (question) => {
    const { key: _, ...counted } = question.log.queries.counts.totals(readFilter(question));
    return { is: 'json', value: { object: 'totals', ...counted } };
  },
};

/** What was asked for, of the states that the principal may hear of, as of the size of the answer. */
export function readFilter(question: Question): ChangeFilter {
  const { asked, nowMs, refuse, size } = question;
  const among = statesOf(question);
  return { ...parseChangeFilter(asked, nowMs, refuse), atSize: size, ...(among === undefined ? {} : { among }) };
}

/** The states that the principal is limited to; undefined: all of them. */
export function statesOf({ principal, log }: Pick<Question, 'principal' | 'log'>): LabelledStates | undefined {
  const globs = principal.states;
  if (globs === undefined) return undefined;
  const admits = (text: string): boolean => globs.some((glob) => matchesGlob(glob, text));
  const states = log.queries.states().filter(({ name, reference }) => admits(name) || admits(reference));
  return { ids: new Set(states.map(({ id }) => id)), admits };
}

function stateIdOf(queries: Queries, leafIndex: number): string {
  return queries.readChange(leafIndex)?.summary.state.id ?? '';
}

/** Newest first. */
function listLog({ log }: Question, items: LogItems, filter: ChangeFilter): List {
  const { queries } = log;
  const read = (page: Page): LogPage =>
    items === 'resources' ? queries.findChangeLog(filter, page) : queries.findLog(filter, page);
  return listLines(queries, read, createLineFormats(queries, items, filter), logCsvHead(items));
}
