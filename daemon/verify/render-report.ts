// A verification report → the lines a person reads: two verdicts, counts to copy, and what is not proven. Pure. Prints
// only what the report holds; keys, names and reasons were written by others and are escaped.
import { createPalette, escapeText, type Palette } from '../terminal.ts';
import type { CompletenessReport } from './completeness.ts';
import type { Finding } from './findings.ts';
import type { Gap } from './gaps.ts';
import { renderStates } from './render-states.ts';
import { formatCount, formatDuration } from './render-count.ts';
import { expiredLines, lockTexts } from './render-retention.ts';
import type { ListedFindings, VerifyReport } from './report.ts';

export interface RenderOptions {
  readonly color: boolean;
  /** An anomaly or a format problem counts as a failure. */
  readonly isStrict: boolean;
}

const LABEL_WIDTH = 14;
const VERDICT_WIDTH = 8;
const MAX_FINDINGS = 20;
const MAX_GAPS = 20;

/** Ends with a newline. */
export function renderReport(report: VerifyReport, { color, isStrict }: RenderOptions): string {
  const palette = createPalette(color);
  const lines = [
    ...renderIntegrity(report, palette),
    ...renderFindings('ANOMALIES', report.anomalies, palette, isStrict),
    ...renderFindings('FORMAT', report.format, palette, isStrict),
    ...renderFindings('NOTES', report.notes, palette, false),
    ...renderCompleteness(report, palette),
    `${label('TIER')}${tierText(report)}`,
    '',
    `Not proven by this: ${notProven(report).join('; ')}.`,
  ];
  return `${lines.join('\n')}\n`;
}

function renderIntegrity(report: VerifyReport, palette: Palette): string[] {
  const isPass = report.integrity === 'pass';
  const verdict = isPass ? palette.added('PASS') : palette.removed('FAIL');
  const [first = '', ...rest] = [...recordLines(report), ...sinceLines(report), ...objectLines(report)];
  return [
    `${label('INTEGRITY')}${verdict}${' '.repeat(VERDICT_WIDTH - 4)}${first}`,
    ...rest.map(indented),
    ...findingLines(report.failures, palette.removed),
  ];
}

function recordLines(report: VerifyReport): string[] {
  const { records, head, batchCount, source, continueFrom } = report;
  const { from, size, verifiedCount, unsealedCount } = records;
  if (head === undefined) return unsealedCount > 0 ? [unsealedText(unsealedCount)] : ['no seal of this log was found'];
  const time = head.sealedTime === '' ? '' : `${formatTime(head.sealedTime)}, `;
  const root = `the signed root (size ${head.size}, ${time}key ${head.keyId})`;
  return [
    `${formatCount(verifiedCount)} of ${formatCount(size - from)} records hash to ${root}`,
    `root ${head.root}, ${formatCount(batchCount)} ${plural('batch', batchCount)}${source === 'store' ? ' in the local database' : ''}`,
    ...(from > 0 ? [`checked from size ${formatCount(from)} on, trusting the signed edge there`] : []),
    ...expiredLines(report),
    ...(unsealedCount > 0 ? [unsealedText(unsealedCount)] : []),
    ...(continueFrom === undefined ? [] : [continueText(from, continueFrom)]),
    ...(head.isPublished ? [] : [`in flight: the checkpoint of size ${formatCount(head.size)} is not there yet`]),
  ];
}

function continueText(from: number, continueFrom: number): string {
  return `no seal from size ${formatCount(from)} to ${formatCount(continueFrom)}; if their retention is over: verify --from ${continueFrom} checks what is left`;
}

function unsealedText(count: number): string {
  return `${formatCount(count)} ${plural('record', count)} not sealed yet: no signature covers that`;
}

function sinceLines({ since }: VerifyReport): string[] {
  if (since === undefined) return [];
  const kept = `the checkpoint you kept (size ${formatCount(since.size)})`;
  return [since.isConsistent ? `extends ${kept}: no record removed or changed since then` : `does NOT extend ${kept}`];
}

function objectLines({ objects, retention, location }: VerifyReport): string[] {
  if (objects === undefined) return [];
  const { objectCount, versionCount, deleteMarkerCount } = objects;
  const versions = versionCount === objectCount ? 'one version each' : `${formatCount(versionCount)} versions`;
  const markers = deleteMarkerCount === 0 ? 'no delete marker' : `${formatCount(deleteMarkerCount)} delete markers`;
  return [
    `${formatCount(objectCount)} ${plural('object', objectCount)} in ${escapeText(location)}: ${versions}, ${markers}`,
    ...(retention === undefined ? [] : lockTexts(retention)),
  ];
}

function renderFindings(name: string, findings: ListedFindings, palette: Palette, isFatal: boolean): string[] {
  if (findings.count === 0) return [];
  const paint = isFatal ? palette.removed : name === 'NOTES' ? palette.dim : palette.warning;
  const meaning = isFatal
    ? ' (counts as a failure: --strict)'
    : name === 'NOTES'
      ? ''
      : ' (reported, does not break integrity)';
  return [`${label(name)}${paint(formatCount(findings.count))}${meaning}`, ...findingLines(findings, paint)];
}

function findingLines({ count, list }: ListedFindings, paint: (text: string) => string): string[] {
  const shown = list.slice(0, MAX_FINDINGS).map((finding) => indented(paint(findingText(finding))));
  return count > shown.length ? [...shown, indented(`and ${formatCount(count - shown.length)} more`)] : shown;
}

function findingText({ code, message, key, versionId, prev, leafIndex }: Finding): string {
  const version = versionId === undefined || versionId === '' || versionId === 'file' ? '' : ` version ${versionId}`;
  const where = key ?? (prev === undefined ? '' : `batch after size ${prev}`);
  const record = leafIndex === undefined || message.includes(`record ${leafIndex}`) ? '' : ` (record ${leafIndex})`;
  return escapeText([code, where + version, message + record].filter((part) => part !== '').join('  '));
}

function renderCompleteness({ completeness, source }: VerifyReport, palette: Palette): string[] {
  const { gaps, count } = completeness;
  const shown = gaps.filter(({ kind }) => kind !== 'stop' || count <= MAX_GAPS).slice(0, MAX_GAPS);
  return [
    `${label('COMPLETENESS')}${verdictText(completeness, palette)}`,
    ...renderStates(completeness.states).map(indented),
    ...shown.map((gap) => indented(gap.explainedBy === 'none' ? palette.warning(gapText(gap)) : gapText(gap))),
    ...(count > shown.length ? [indented(`${formatCount(count - shown.length)} more gaps: --json lists them`)] : []),
    ...recorderLines(completeness, source).map(indented),
  ];
}

function verdictText({ verdict, count, unexplainedCount, unreadCount }: CompletenessReport, palette: Palette): string {
  if (verdict === 'complete' && unreadCount > 0) return palette.warning('NO GAP IN THE RECORDS THAT CAN BE READ');
  if (verdict === 'complete') return palette.added('COMPLETE');
  const [number, word] = verdict === 'explained' ? [count, 'EXPLAINED'] : [unexplainedCount, 'UNEXPLAINED'];
  const text = `${formatCount(number)} ${word} GAP${number === 1 ? '' : 'S'}`;
  return verdict === 'explained' ? palette.added(text) : palette.warning(text);
}

function recorderLines(
  { recorder, unwatchedCount, unreadCount }: CompletenessReport,
  source: VerifyReport['source'],
): string[] {
  if (recorder.newestTime === '') return ['no record could be read'];
  const { stopCount, crashCount, heartbeatSeconds } = recorder;
  const every = `heartbeats every ${formatDuration(heartbeatSeconds * 1000)}`;
  const ends = `${stopCount} declared ${plural('stop', stopCount)}, ${crashCount} ${plural('crash', crashCount)}`;
  const state = recorder.isStopped ? ', the recorder said that it stopped' : recorder.isOverdue ? ', OVERDUE' : '';
  const unread = `${formatCount(unreadCount)} ${plural('record', unreadCount)} could not be read: what they say is not counted here`;
  return [
    `recorder alive ${formatPercent(recorder.alivePercent)} of the period (${every}; ${ends})`,
    `records from ${formatTime(recorder.firstTime)} to ${formatTime(recorder.newestTime)}, the newest ${formatDuration(recorder.newestAgeMs)} old${state}`,
    ...(unwatchedCount === undefined || unwatchedCount === 0
      ? []
      : [
          `${formatCount(unwatchedCount)} ${plural('state', unwatchedCount)} in the configured places ${unwatchedCount === 1 ? 'is' : 'are'} not watched (list: stateseal source list --unwatched)`,
        ]),
    ...(unreadCount > 0 ? [unread] : []),
    ...(recorder.isOverdue && source === 'archive'
      ? ['is the recorder running, and does it reach the archive? stateseal status tells']
      : []),
  ];
}

const GAP_TEXT: Readonly<Record<Gap['kind'], string>> = {
  'versions-missed': 'versions not seen',
  'serial-gap': 'versions not seen',
  flooded: 'more versions than the recorder takes',
  'spool-overflow': 'the spool was full',
  crash: 'recorder ended without a word',
  stop: 'recorder stopped',
  silence: 'no sign of life',
  unseen: 'watched once, nobody can look now',
  overdue: 'nothing since',
};

const KNOWN_TEXT: Readonly<Record<Exclude<Gap['explainedBy'], 'none'>, string>> = {
  note: '   explained by a note',
  stop: '   declared',
  import: '   in imported history',
};

function gapText(gap: Gap): string {
  const { kind, state, fromSerial, toSerial, from, to, reason, explainedBy, leafIndex } = gap;
  const serials = fromSerial === '' && toSerial === '' ? '' : ` between serials ${fromSerial} and ${toSerial}`;
  const until = kind === 'overdue' || to === '' ? '' : `..${formatTime(to)}`;
  const time = from === '' ? (to === '' ? '' : `, seen ${formatTime(to)}`) : `, ${formatTime(from)}${until}`;
  const why = reason === '' ? '' : ` (${reason})`;
  const note = kind === 'overdue' ? '' : `   → stateseal note ${leafIndex} "…"`;
  const known = explainedBy === 'none' ? note : KNOWN_TEXT[explainedBy];
  return escapeText(`${state === '' ? '' : `${state}  `}${GAP_TEXT[kind]}${serials}${time}${why}${known}`);
}

function tierText({ tier, source }: VerifyReport): string {
  if (source === 'store') return 'local    a database on the recorder itself: whoever owns it can write all of it anew';
  if (tier === 'locked') return 'locked   (local < locked): every object that counts is locked on the store';
  return 'local    (local < locked): not every object is locked against everyone; see "Seal for real"';
}

function notProven({ since, source, completeness }: VerifyReport): string[] {
  const { unwatchedCount, states } = completeness;
  const isUnproven = states.byClass['monotonic-only'] > 0;
  return [
    "that the recorder's host was honest",
    'changes made outside Terraform',
    ...(unwatchedCount === undefined || unwatchedCount === 0
      ? ['states nobody watches']
      : [`the ${formatCount(unwatchedCount)} unwatched states`]),
    ...(isUnproven ? ['that no version lies between monotonic-only steps'] : []),
    ...(since === undefined && source === 'archive'
      ? ['that the newest seals are all there (keep a checkpoint, give it with --since)']
      : []),
  ];
}

function label(text: string): string {
  return text.padEnd(LABEL_WIDTH);
}

function indented(text: string): string {
  return ' '.repeat(LABEL_WIDTH + VERDICT_WIDTH) + text;
}

/** "2026-06-23 14:03Z"; what is no time is shown as it is. */
function formatTime(time: string): string {
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(time) ? `${time.slice(0, 10)} ${time.slice(11, 16)}Z` : time;
}

/** Never rounded up to 100. */
function formatPercent(percent: number): string {
  return `${Math.floor(percent * 100) / 100} %`;
}

function plural(word: string, count: number): string {
  if (count === 1) return word;
  return /(?:sh|ch)$/.test(word) ? `${word}es` : `${word}s`;
}
