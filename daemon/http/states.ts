// States: which there are, one as of a time, its history and what changed between two times, all as the log tells it.
import { comparisonJson } from '../answers/compare-states.ts';
import { openKnowledge, type Knowledge } from '../answers/knowledge.ts';
import { parseLabels } from '../answers/label-filter.ts';
import { compareViews } from '../answers/state-compare.ts';
import { openHistory } from '../answers/state-history.ts';
import { viewJson } from '../answers/state-json.ts';
import { listedJson, listStates } from '../answers/state-list.ts';
import { parsePoint, viewState, type Point, type StateView } from '../answers/state-view.ts';
import { formatJson } from '../json/format.ts';
import type { JsonObject } from '../json/value.ts';
import type { StateOutline } from '../store/queries-states.ts';
import { AT_SIZE, type Answer, type Read } from './answer.ts';
import { statesOf } from './changes.ts';
import { LIST_PARAMETERS, listOf } from './list.ts';
import { listLines } from './log-lines.ts';
import { STATE_UNKNOWN } from './problem.ts';
import { Refusal, type Question } from './question.ts';

export const states: Read = {
  parameters: { env: 'list', label: 'list', ...LIST_PARAMETERS },
  answer: (question) => {
    const { queries } = question.log;
    const labels = parseLabels(question.asked, question.refuse);
    const within = statesOf(question);
    const listed = queries.atOneMoment(() => listStates(queries, labels));
    const told = listed.filter(({ id }) => within?.ids.has(id) ?? true);
    return listOf(
      told,
      ({ id }) => id,
      (state) => formatJson(listedJson(state)),
    );
  },
};

const NEWEST: Point = { leafIndex: Number.MAX_SAFE_INTEGER };

/** {object: "state", …, resources, outputs}; as NDJSON the lines of `state show --json`. */
export const state: Read = {
  parameters: { at: 'text' },
  answer: (question) =>
    withViews(question, ['at'], ([view], outline) => {
      const lines = viewJson(view, outline);
      const rest = (object: string): JsonObject[] => lines.filter((line) => line['object'] === object);
      return { is: 'json', value: { ...lines.at(-1), resources: rest('resource'), outputs: rest('output') } };
    }),
};

/** What `state diff` prints, the summary last. */
export const stateDiff: Read = {
  parameters: { from: 'text', to: 'text' },
  answer: (question) => {
    if (question.asked.text('from') === undefined) throw question.refuse('from', 'a time or a record');
    return withViews(question, ['from', 'to'], ([before, after], outline, knowledge) => {
      const { uncomparedCount: _, ...comparison } = compareViews(before, after, knowledge.ofState(outline.id));
      return { is: 'json', value: { size: question.size, next: null, items: comparisonJson(comparison) } };
    });
  },
};

/** Newest first; with an address what each change did to it. */
export const stateHistory: Read = {
  parameters: { ...AT_SIZE, address: 'text', ...LIST_PARAMETERS },
  answer: async (question) => {
    const { log, asked, size } = question;
    const knowledge = await openKnowledge(log, log.database);
    const history = openHistory(log.queries, findOutline(question), asked.text('address'), knowledge);
    return listLines(log.queries, (page) => log.queries.findLog({ ...history.filter, atSize: size }, page), {
      json: (line) => [history.toJson(line)],
      csv: () => [],
    });
  },
};

type Views<N extends readonly string[]> = { readonly [K in keyof N]: StateView };

async function withViews<const N extends readonly string[]>(
  question: Question,
  names: N,
  work: (views: Views<N>, outline: StateOutline, knowledge: Knowledge) => Answer,
): Promise<Answer> {
  const { log } = question;
  const points = names.map((name) => toPoint(question, name));
  const knowledge = await openKnowledge(log, log.database);
  return log.queries.atOneMoment(() => {
    const outline = findOutline(question);
    const views = viewState(log, outline.id, knowledge, points);
    if (!views.every((view) => view !== undefined)) throw new Refusal(STATE_UNKNOWN);
    return work(views as unknown as Views<N>, outline, knowledge);
  });
}

function toPoint({ asked, nowMs, refuse }: Question, name: string): Point {
  const text = asked.text(name);
  return text === undefined ? NEWEST : parsePoint(text, name, nowMs, refuse);
}

/** By name, id or reference, the live one first; as if it were not there for who may not hear of it. */
function findOutline(question: Question): StateOutline {
  const asked = question.path('name');
  const within = statesOf(question);
  const found = question.log.queries
    .states()
    .find(({ id, name, reference }) => (within?.ids.has(id) ?? true) && [name, id, reference].includes(asked));
  if (found === undefined) throw new Refusal(STATE_UNKNOWN);
  return found;
}
