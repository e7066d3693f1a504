// `stateseal show <n>` of a change: the whole chain as far as the log holds it, each claim with how it is known. Pure.
import { outputSubject, toSubject } from '../answers/subject.ts';
import type { ChangeDetail } from '../store/queries-change.ts';
import type { Evidence } from '../store/queries-evidence.ts';
import { textAt } from '../store/queries-fields.ts';
import type { ChangeSummary, StoredRecord } from '../store/queries-summary.ts';
import { escapeText, padRight, type Palette } from '../terminal.ts';
import { describeLink } from './render-link.ts';
import { formatDateTime, formatSerials, formatSubjects } from './render-change.ts';
import { describeRunEnd } from './render-run.ts';
import { formatVerdict } from './render-verdict.ts';
import { formatWho } from './render-who.ts';

const LABEL_COLUMNS = 12;

/** Ends with a newline. */
export function formatChange(detail: ChangeDetail, evidence: Evidence, palette: Palette): string {
  const { summary } = detail;
  const subjects = [...detail.actions.map(toSubject), ...detail.outputs.map(outputSubject)];
  const what = formatSubjects(subjects, { palette, isFull: true }, '');
  return [
    ...headOf(summary, palette),
    ...section('when', [formatWhen(summary, evidence)]),
    ...section('what', what.length === 0 ? ['no resource instance or output differs'] : what),
    ...section('verdict', formatVerdict(detail, palette)),
    ...section('kind', [formatKind(summary)]),
    ...section('continuity', [formatContinuity(summary)]),
    ...section('who', formatWho(summary.claims, palette)),
    ...section('run', formatRuns(summary)),
    ...section('seen by', [formatVantage(summary), ...formatContents(summary)]),
    ...section('evidence', formatEvidence(evidence)),
    ...section('records', [formatSteps(detail)]),
    ...section('notes', formatNotes(detail.records)),
    '',
  ].join('\n');
}

/** The batch, the signature and what the archive answered; or that it is not sealed yet. */
export function formatEvidence({ leafIndex, batch }: Evidence): string[] {
  if (batch === undefined) return [`leaf ${leafIndex}, not sealed yet: stateseal seal`];
  const { prev, size, root, keyIds, archived } = batch;
  const signed = keyIds.length === 0 ? 'not signed yet' : `signed ${keyIds.map(escapeText).join(', ')}`;
  const first = `leaf ${leafIndex} in batch ${prev}..${size - 1}, size ${size}, root ${root}, ${signed}`;
  if (archived === undefined) return [first, 'no receipt of the archive in the log yet'];
  const object = archived.objects.find(({ key }) => key.includes('batch/')) ?? archived.objects[0];
  const place = escapeText(archived.archive);
  if (object === undefined) return [first, `${place}   receipt #${archived.leafIndex}`];
  const lock =
    object.mode === '' || object.mode === 'none'
      ? 'no lock'
      : `${object.mode} until ${object.retainUntil.slice(0, 10)}`;
  const version = object.versionId === '' ? '' : `   version ${object.versionId}`;
  const facts = escapeText(`${object.key}${version}   ${lock}`);
  return [first, place, `${facts}   receipt #${archived.leafIndex}, ${formatDateTime(archived.time)}`];
}

/** A label in its own column, the lines beside and below it. */
export function section(label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `${padRight(index === 0 ? label : '', LABEL_COLUMNS)}${line}`.trimEnd());
}

function headOf(summary: ChangeSummary, palette: Palette): string[] {
  const { state, leafIndex } = summary;
  const name = palette.bold(escapeText(state.name));
  const lineage = escapeText(summary.lineage.slice(0, 8));
  const moved = summary.movedFrom === '' ? [] : [`moved from ${escapeText(summary.movedFrom)}`];
  return [
    `change #${leafIndex}   ${name} (${escapeText(state.reference)})   serial ${formatSerials(summary, ' → ')}   lineage ${lineage}`,
    ...(summary.before !== undefined && summary.before.lineage !== summary.lineage
      ? section('', [`lineage before ${escapeText(summary.before.lineage.slice(0, 8))}`])
      : []),
    ...section('', moved),
  ];
}

const BASIS_WORDS: Readonly<Record<string, string>> = {
  store: "store's time",
  mtime: 'file time',
  run: "run's time",
  clock: "recorder's clock",
};

function formatWhen(summary: ChangeSummary, { batch }: Evidence): string {
  const basis = BASIS_WORDS[summary.timeBasis] ?? escapeText(summary.timeBasis);
  const sealed =
    batch === undefined ? 'not sealed yet' : `sealed ${formatDateTime(new Date(batch.sealedMs).toISOString())}`;
  return `changed ${formatDateTime(summary.effectiveTime)} (${basis})   recorded ${formatDateTime(summary.recordedTime)}   ${sealed}`;
}

const KIND_BASIS_WORDS: Readonly<Record<string, string>> = {
  'lock-abandoned': 'the holder of the lock died and left it behind',
  backup: 'a numbered backup was written beside the state',
  content: 'concluded from what changed',
  none: 'nothing told what made it',
};

function formatKind({ kind, kindBasis, operation, toolVersion }: ChangeSummary): string {
  const lock = operation === '' ? 'the lock' : `the lock said ${escapeText(operation)}`;
  const basis = kindBasis === 'lock' ? lock : (KIND_BASIS_WORDS[kindBasis] ?? escapeText(kindBasis));
  const tool = toolVersion === '' ? '' : `   tool version ${escapeText(toolVersion)}`;
  return `${escapeText(kind)} (${basis})${tool}`;
}

const CONTINUITY_WORDS: Readonly<Record<string, string>> = {
  contiguous: 'nothing lies between this version and the one before',
  'linked-by-backup': 'the backup file holds the version before: nothing lies between',
  'linked-by-plan': 'the plan names the version before: nothing lies between',
  'monotonic-only': 'the serial rose; versions in between cannot be excluded',
  gap: 'versions before it were not seen',
  'new-lineage': 'another state took the place of the one before',
  unordered: 'the serial did not rise',
};

function formatContinuity({ continuity, serials, recovered }: ChangeSummary): string {
  const words = CONTINUITY_WORDS[continuity];
  const seen = serials.length > 1 ? `   serials seen ${serials.map(escapeText).join(', ')}` : '';
  const rescued = recovered === '' ? '' : `   recovered from ${escapeText(recovered)}: the run itself was not seen`;
  return `${escapeText(continuity)}${words === undefined ? '' : ` (${words})`}${seen}${rescued}`;
}

/** The one run, or those it can be of: none of several is chosen. */
function formatRuns({ runs, runEnd }: ChangeSummary): string[] {
  const names = runs.map(({ id, uid }) => escapeText(`${id} (${uid})`));
  const words = runEnd === undefined ? '' : describeRunEnd(runEnd);
  const end = runEnd === undefined || words === '' ? [] : [`${words}   stateseal show ${runEnd.leafIndex}`];
  if (names.length < 2) return [...names, ...end];
  return [`one of ${names.length}, which is not known:`, ...names];
}

const CONTENT_WORDS: Readonly<Record<string, string>> = {
  same: 'a run, too: the same content',
  different: 'a run, too, with another content: see the notes',
  unknown: 'a run, too: the contents cannot be compared any more',
};

function formatContents({ contents }: ChangeSummary): string[] {
  return [...new Set(contents)].map((content) => CONTENT_WORDS[content] ?? escapeText(content));
}

function formatVantage({ vantage, sourceVersion }: ChangeSummary): string {
  const { recorder, host, source } = vantage;
  const where = host === recorder ? recorder : `${recorder} on ${host}`;
  return escapeText(`${where}, source ${source}${sourceVersion === '' ? '' : `, version ${sourceVersion}`}`);
}

function formatSteps({ records, summary }: ChangeDetail): string {
  const steps = records.filter(({ leafIndex }) => leafIndex < summary.leafIndex);
  const [first, last] = [steps[0], steps.at(-1)];
  if (first === undefined || last === undefined) return `#${summary.leafIndex}`;
  const range = first === last ? `#${first.leafIndex}` : `#${first.leafIndex}..#${last.leafIndex}`;
  return `${steps.length} ${steps.length === 1 ? 'step' : 'steps'} ${range}, closed by #${summary.leafIndex}`;
}

/** What was appended later; the latest counts. */
function formatNotes(records: readonly StoredRecord[]): string[] {
  const notes = records.filter(({ record }) => /^change\.(noted|linked|judged)$/.test(record.type));
  if (notes.length === 0) return ['none'];
  return notes.map(({ leafIndex, record }) => {
    const remarks = [textAt(record.data, 'class'), textAt(record.data, 'ticket')].filter((remark) => remark !== '');
    const words = textAt(record.data, 'text') || textAt(record.data, 'verdict') || describeLink(record);
    const text = [...remarks, words].join('  ');
    return escapeText(`#${leafIndex} ${record.type} ${formatDateTime(record.time)} ${text}`.trimEnd());
  });
}
