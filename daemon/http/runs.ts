// Plans and runs: the records that tell of them, newest first, and one with its evidence.
import { describeRecord } from '../answers/record-json.ts';
import { recordJson } from '../answers/change-json.ts';
import { readTime } from '../answers/time-filter.ts';
import type { ChangeFilter } from '../store/queries-filter.ts';
import { AT_SIZE, type Read } from './answer.ts';
import { LIST_PARAMETERS } from './list.ts';
import { listLines } from './log-lines.ts';
import { RECORD_UNKNOWN } from './problem.ts';
import { parseKey, Refusal } from './question.ts';

const PLAN_TYPES = ['plan.recorded', 'plan.unreadable'];
const RUN_TYPES = ['run.started', 'run.finished'];

export const plans = listRecords(PLAN_TYPES);
export const plan = oneRecord(PLAN_TYPES);
export const runs = listRecords(RUN_TYPES);
export const run = oneRecord(RUN_TYPES);

function listRecords(recordTypes: readonly string[]): Read {
  return {
    parameters: { ...AT_SIZE, state: 'text', since: 'text', until: 'text', ...LIST_PARAMETERS },
    answer: ({ log, asked, nowMs, refuse, size }) => {
      const [state, sinceMs, untilMs] = [
        asked.text('state'),
        readTime(asked, refuse, 'since', nowMs),
        readTime(asked, refuse, 'until', nowMs),
      ];
      const filter: ChangeFilter = {
        recordTypes,
        atSize: size,
        ...(state === undefined ? {} : { state }),
        ...(sinceMs === undefined ? {} : { sinceMs }),
        ...(untilMs === undefined ? {} : { untilMs }),
      };
      return listLines(log.queries, (page) => log.queries.findRecords(filter, page), {
        json: (line) => (line.is === 'record' ? [{ object: 'record', ...recordJson(line.stored) }] : []),
        csv: () => [],
      });
    },
  };
}

function oneRecord(recordTypes: readonly string[]): Read {
  return {
    parameters: {},
    answer: (question) => {
      const { queries } = question.log;
      return queries.atOneMoment(() => {
        const stored = queries.readRecord(parseKey(question));
        if (stored === undefined || !recordTypes.includes(stored.record.type)) throw new Refusal(RECORD_UNKNOWN);
        return { is: 'json', value: describeRecord(queries, stored) };
      });
    },
  };
}
