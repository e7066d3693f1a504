// `stateseal state show` and `state diff`: one state at one or two points of its life.
import { viewJson } from '../answers/state-json.ts';
import { comparisonJson } from '../answers/compare-states.ts';
import { openKnowledge, UNKEYED_NOTE, type StateKnowledge } from '../answers/knowledge.ts';
import { withLog } from '../answers/open-log.ts';
import { compareViews } from '../answers/state-compare.ts';
import { findState, parsePoint, viewState, type Point, type StateView } from '../answers/state-view.ts';
import { ConfigError } from '../errors.ts';
import { formatLabels } from '../store/labels.ts';
import { createPalette, escapeText } from '../terminal.ts';
import { assertOneName, parseArguments, refuseFlag, usageError, type Arguments } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { formatComparison } from './diff.ts';
import { formatJsonLine } from './json-output.ts';
import { formatPoint, formatView, viewNotes, type ViewTitle } from './render-state.ts';

const VERB = 'state';
const NEWEST: Point = { leafIndex: Number.MAX_SAFE_INTEGER };

export async function showState(args: readonly string[], context: CommandContext): Promise<number> {
  const given = parseArguments(VERB, args, { at: { type: 'string' } });
  const point = toPoint(given, 'at', context);
  return withViews(given, context, [point], ({ views: [view], title }) => {
    if (view === undefined) throw notYetKnown();
    if (isJson(given, context)) viewJson(view, title).forEach((line) => context.stdout(formatJsonLine(line)));
    else context.stdout(formatView(view, title, createPalette(context.color)));
    return 0;
  });
}

export async function diffState(args: readonly string[], context: CommandContext): Promise<number> {
  const given = parseArguments(VERB, args, { from: { type: 'string' }, to: { type: 'string' } });
  if (given.text('from') === undefined) {
    throw usageError(VERB, 'expected --from with a time, got none', 'for example --from mon, or --from 24h --to now');
  }
  const points = [toPoint(given, 'from', context), toPoint(given, 'to', context)];
  return withViews(given, context, points, ({ views: [before, after], title, own }) => {
    if (before === undefined || after === undefined) throw notYetKnown();
    const { uncomparedCount, ...comparison } = compareViews(before, after, own);
    if (isJson(given, context)) comparisonJson(comparison).forEach((line) => context.stdout(formatJsonLine(line)));
    else {
      const palette = createPalette(context.color);
      const head = [
        `${palette.bold(escapeText(title.name))}   ${escapeText(title.labels)}`.trimEnd(),
        `from  ${formatPoint(before)}`,
        `to    ${formatPoint(after)}`,
        ...new Set([...viewNotes(before, title), ...viewNotes(after, title)].map((note) => palette.warning(note))),
      ];
      const doubt = uncomparedCount === 0 ? '' : `${toDoubt(uncomparedCount)}\n`;
      context.stdout(`${head.join('\n')}\n\n${formatComparison(comparison, palette)}${doubt}`);
    }
    return comparison.subjects.length === 0 ? 0 : 1;
  });
}

interface Views {
  readonly views: readonly (StateView | undefined)[];
  readonly title: ViewTitle;
  readonly own: StateKnowledge;
}

function withViews(
  given: Arguments,
  context: CommandContext,
  points: readonly Point[],
  work: (found: Views) => number,
): Promise<number> {
  const name = assertOneName(VERB, given.positionals);
  return withLog(context, async (log) => {
    const { queries, database } = log;
    const knowledge = await openKnowledge(context, database);
    return queries.atOneMoment(() => {
      const state = findState(queries.states(), name);
      const labels = formatLabels(queries.labels.labeller()(state.reference));
      const title = { name: state.name, id: state.id, labels, notes: knowledge.isKeyed ? [] : [UNKEYED_NOTE] };
      const views = viewState(log, state.id, knowledge, points);
      return work({ views, title, own: knowledge.ofState(state.id) });
    });
  });
}

function toPoint(given: Arguments, flag: 'at' | 'from' | 'to', context: CommandContext): Point {
  const text = given.text(flag);
  return text === undefined ? NEWEST : parsePoint(text, flag, context.now(), refuseFlag(VERB));
}

function isJson(given: Arguments, context: CommandContext): boolean {
  return context.json || given.has('json');
}

function toDoubt(count: number): string {
  const values = count === 1 ? 'hidden value was' : 'hidden values were';
  return `${count} ${values} not compared: moved, or committed under another key`;
}

function notYetKnown(): ConfigError {
  return new ConfigError('state-not-known-then', 'expected a time at which the state was known, got an earlier one', {
    hint: 'stateseal state history <name> tells since when it is known',
  });
}
