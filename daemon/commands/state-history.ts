// `stateseal state history`: the life of one state, newest first: changes, gaps, when it was first known and when it went.
// With an address, what each change did to it, under every name that it had.
import { changeJson, lineJson, subjectJson } from '../answers/change-json.ts';
import type { Knowledge } from '../answers/knowledge.ts';
import { createSelectSubject } from '../answers/subject-filter.ts';
import { outputSubject, toSubject, type Subject } from '../answers/subject.ts';
import { isJsonArray, isJsonObject, type Json } from '../json/value.ts';
import type { PagePosition } from '../store/queries-list.ts';
import type { NetSide, NetValue } from '../store/queries-net.ts';
import type { Queries } from '../store/queries.ts';
import { PROBLEM_TYPES, type ChangeFilter } from '../store/queries-filter.ts';
import type { StateOutline } from '../store/queries-states.ts';
import type { LogLine } from '../store/queries-summary.ts';
import type { CommandContext } from './command.ts';
import { formatJsonLine } from './json-output.ts';
import { styleOf } from './log-output.ts';
import { formatSubjects } from './render-change.ts';
import { formatLogLines } from './render-log.ts';

export interface HistoryRequest {
  readonly limit: number;
  readonly address: string | undefined;
  readonly isJson: boolean;
}

const PAGE_LINES = 500;
const LIFE_TYPES = [...PROBLEM_TYPES, 'state.baselined', 'state.retired', 'redaction.changed'];

export function printHistory(
  queries: Queries,
  state: StateOutline,
  request: HistoryRequest,
  knowledge: Knowledge,
  context: CommandContext,
): void {
  const { address } = request;
  const filter: ChangeFilter = {
    among: { ids: new Set([state.id]), admits: (reference) => reference === state.reference },
    recordTypes: LIFE_TYPES,
    ...(address === undefined ? {} : { address }),
  };
  const print = createPrinter(
    queries,
    filter,
    { request, knowledge, hide: knowledge.ofState(state.id).hideAddress },
    context,
  );
  let shown = 0;
  let before: PagePosition | undefined;
  do {
    const limit = Math.min(PAGE_LINES, request.limit - shown);
    const page = queries.findLog(filter, { limit, ...(before === undefined ? {} : { before }) });
    print(page.lines);
    shown += page.lines.length;
    before = page.next;
  } while (before !== undefined && shown < request.limit);
  if (request.isJson || context.quiet) return;
  const what = shown === 1 ? '1 entry' : `${shown} entries`;
  context.stdout(
    `\n${styleOf(context).palette.dim(before === undefined ? what : `the newest ${what}: -n for more`)}\n`,
  );
}

interface PrinterParts {
  readonly request: HistoryRequest;
  readonly knowledge: Knowledge;
  readonly hide: (address: string) => string;
}

function createPrinter(
  queries: Queries,
  filter: ChangeFilter,
  { request, knowledge, hide }: PrinterParts,
  context: CommandContext,
): (lines: readonly LogLine[]) => void {
  const { address } = request;
  const names = address === undefined ? [] : queries.otherNames(address).map((other) => other.address);
  const select = createSelectSubject(filter, names);
  const subjectsOf = (line: LogLine): readonly Subject[] => {
    const detail =
      line.is === 'change' && address !== undefined ? queries.readChange(line.change.leafIndex) : undefined;
    const all = detail === undefined ? [] : [...detail.actions.map(toSubject), ...detail.outputs.map(outputSubject)];
    return all.flatMap((subject) => select(subject) ?? []).map((subject) => hideIn(subject, knowledge, hide));
  };
  const toJson = (line: LogLine): Json => {
    if (line.is === 'record') return lineJson(line);
    return {
      ...changeJson(line.change),
      ...(address === undefined ? {} : { actions: subjectsOf(line).map(subjectJson) }),
    };
  };
  return (lines) => {
    if (request.isJson) return lines.forEach((line) => context.stdout(formatJsonLine(toJson(line))));
    const style = styleOf(context);
    formatLogLines(lines, style).forEach((text, index) => {
      const line = lines[index];
      const subjects = line === undefined ? [] : subjectsOf(line);
      const more = formatSubjects(subjects, { palette: style.palette, isFull: true }, ' '.repeat(8));
      context.stdout(`${[text, ...more].join('\n')}\n`);
    });
  };
}

/** An old line may show what was learned to be a secret later. */
function hideIn(subject: Subject, { covers }: Knowledge, hide: (address: string) => string): Subject {
  const side = (value: NetSide): NetSide =>
    value.is === 'shown' && holds(value.value, covers) ? { is: 'hidden', by: 'taint', kid: '', commitment: '' } : value;
  const values = subject.values.map((value): NetValue => ({
    ...value,
    before: side(value.before),
    after: side(value.after),
  }));
  const previousAddress = subject.previousAddress === '' ? '' : hide(subject.previousAddress);
  return { ...subject, name: hide(subject.name), previousAddress, values };
}

function holds(value: Json, covers: (text: string) => boolean): boolean {
  if (typeof value === 'string') return covers(value);
  if (isJsonArray(value)) return value.some((element) => holds(element, covers));
  return isJsonObject(value) && Object.entries(value).some(([key, child]) => covers(key) || holds(child, covers));
}
