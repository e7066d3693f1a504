// What a run that ended did, for people: its outcome, and one line per operation that landed, failed, was cut short or
// was never begun. Pure; the summary of a plan is never told as something done.
import type { JsonObject } from '../json/value.ts';
import type { StreamResource, StreamTally } from '../record/run-data.ts';
import { numberAt, objectsAt, textAt } from '../store/queries-fields.ts';
import { isFailedRun, type RunEnd } from '../store/run-end.ts';
import { escapeText, padRight, textWidth, type Palette } from '../terminal.ts';

const MAX_ADDRESS_COLUMNS = 60;

/** "failed: 2 of 5 landed", "killed: 2 of 5 landed, 1 cut short", "failed"; of a run without an outcome: ''. */
export function describeRunEnd({ outcome, tally }: RunEnd): string {
  const words = tally === undefined ? '' : landedOf(tally);
  return escapeText([outcome, words].filter((part) => part !== '').join(': '));
}

/** The same where something went wrong; else ''. */
export function describeFailedRun(end: RunEnd | undefined): string {
  return end !== undefined && isFailedRun(end) ? describeRunEnd(end) : '';
}

/** "failed: 2 of 5 landed   exit code 1   after 12 s", then a line per operation. */
export function formatRunEnd(
  end: RunEnd,
  data: JsonObject,
  resources: readonly StreamResource[] | undefined,
  palette: Palette,
): string[] {
  const how = end.signal === '' ? `exit code ${end.exitCode}` : `ended by ${escapeText(end.signal)}`;
  const seconds = Math.round(numberAt(data, 'durationMs') / 1000);
  const words = describeRunEnd(end);
  const head = isFailedRun(end) ? palette.warning(words) : words;
  return [
    `${head}   ${how}   after ${seconds} s`,
    ...operationLines(resources, palette),
    ...unlistedLines(data),
    ...objectsAt(data, 'stream', 'summaries').map(formatSummary),
  ];
}

function landedOf({ complete, errored, started, notStarted, untold }: StreamTally): string {
  const all = complete + errored + started + notStarted;
  if (all + untold === 0) return '';
  const more = [
    ...(started === 0 ? [] : [`${started} with no end told`]),
    ...(untold === 0 ? [] : [`${untold} without a word`]),
  ];
  return [`${complete} of ${all} landed`, ...more].join(', ');
}

function operationLines(resources: readonly StreamResource[] | undefined, palette: Palette): string[] {
  if (resources === undefined) return ['what landed stood in a body that is no longer here'];
  const rows = resources.map((resource) => ({ resource, words: wordsOf(resource) }));
  const width = Math.max(0, ...rows.map(({ words }) => textWidth(words)));
  const column = Math.min(MAX_ADDRESS_COLUMNS, Math.max(0, ...rows.map(({ resource }) => resource.address.length)));
  return rows.map(({ resource, words }) => {
    const { address, outcome, seconds } = resource;
    const mark = MARKS[outcome] ?? '?';
    const painted = outcome === 'complete' ? palette.added(mark) : palette.warning(mark);
    const after = seconds === undefined || seconds === 0 ? '' : `   ${seconds} s`;
    return `${painted} ${padRight(words, width)}   ${padRight(escapeText(address), column)}${after}`.trimEnd();
  });
}

const MARKS: Readonly<Record<string, string>> = { complete: '✓', errored: '✗', 'not-started': '…' };

const DONE: Readonly<Record<string, string>> = {
  create: 'created',
  update: 'updated',
  delete: 'destroyed',
};

function wordsOf({ action, outcome }: StreamResource): string {
  const plain = escapeText(action);
  if (outcome === 'complete') return DONE[action] ?? plain;
  if (outcome === 'errored') return `failed: ${plain}`;
  if (outcome === 'started') return `no end told: ${plain}`;
  if (outcome === 'not-started') return `not started: ${plain}`;
  return `nothing told: ${plain}`;
}

function unlistedLines(data: JsonObject): string[] {
  const unlisted = numberAt(data, 'stream', 'unlisted');
  return unlisted === 0 ? [] : [`and ${unlisted} more that are not listed`];
}

/** Only an apply's own summary tells of something done. */
function formatSummary(summary: JsonObject): string {
  const counts = ['add', 'change', 'remove'].map((name) => numberAt(summary, name));
  const [add, change, remove] = counts;
  const isDone = ['apply', 'destroy'].includes(textAt(summary, 'operation'));
  return isDone
    ? `the tool counted ${add} added, ${change} changed, ${remove} destroyed`
    : `the plan said ${add} to add, ${change} to change, ${remove} to destroy: not what was done`;
}
