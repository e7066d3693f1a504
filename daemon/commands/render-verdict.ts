// A verdict in words: one for the line of a change, and the whole of it with the plan and the reasons. Pure.
import { formatJson } from '../json/format.ts';
import { PROBLEM_VERDICTS } from '../record/verdict-data.ts';
import type { ChangeDetail } from '../store/queries-change.ts';
import { numberAt, objectAt, textAt } from '../store/queries-fields.ts';
import type { ChangeJudgement, JudgedReason, NamedPlan } from '../store/queries-verdict.ts';
import { escapeText, type Palette } from '../terminal.ts';
import { formatDateTime } from './render-change.ts';
import { formatPath } from './render-value.ts';
import { describeVerdict } from './symbols.ts';

const MAX_REASONS = 40;

/** The verdict and its counts, the plan or the plans, and why. */
export function formatVerdict({ judgement, actions }: ChangeDetail, palette: Palette): string[] {
  if (judgement === undefined) return [];
  const { verdict, plans, reasons, run, isWhole } = judgement;
  const isOdd = PROBLEM_VERDICTS.has(verdict);
  const words = isOdd ? palette.warning(describeVerdict(verdict)) : palette.bold(describeVerdict(verdict));
  const shown = reasons.slice(0, MAX_REASONS);
  return [
    [words, countsOf(judgement)].filter((part) => part !== '').join('   '),
    ...plans.map(describePlan),
    ...(run === '' ? [] : [`named by run ${escapeText(run)}`]),
    ...shown.map((reason) => `  ${describeReason(reason, actions)}`),
    ...(reasons.length > shown.length ? [`  and ${reasons.length - shown.length} more: --json`] : []),
    ...(isWhole ? [] : ['  the list of reasons is no longer here: restore it from the archive']),
  ];
}

const COUNT_WORDS: readonly (readonly [string, string])[] = [
  ['planned', 'planned'],
  ['providerNormalised', 'as planned but for the spelling'],
  ['drift', 'found outside and adopted'],
  ['notPlanned', 'not planned'],
  ['unknown', 'not to be compared'],
];

function countsOf({ counts }: ChangeJudgement): string {
  const parts = COUNT_WORDS.map(([name, words]) => [numberAt(counts, name), words] as const);
  const undone = numberAt(counts, 'undone');
  const told = parts.filter(([count]) => count > 0).map(([count, words]) => `${count} ${words}`);
  return [...told, ...(undone > 0 ? [`${undone} of them not done, or not whole`] : [])].join(', ');
}

function describePlan({ stored, verdict }: NamedPlan): string {
  const answer = verdict === '' ? '' : `   ${describeVerdict(verdict)}`;
  if (stored === undefined) return `plan that is no longer here${answer}`;
  const { data } = stored.record;
  const reference = textAt(data, 'reference');
  const made = textAt(data, 'madeAt');
  const tool = `${textAt(data, 'tool')} ${textAt(data, 'toolVersion')}`.trim();
  const counts = objectAt(data, 'counts') ?? {};
  const tally = `${numberAt(counts, 'add')} to add, ${numberAt(counts, 'change')} to change, ${numberAt(counts, 'destroy')} to destroy`;
  const parts = [reference, ...(made === '' ? [] : [`made ${formatDateTime(made)}`]), tool, tally];
  return escapeText(`plan #${stored.leafIndex}   ${parts.filter((part) => part !== '').join('   ')}`) + answer;
}

const REASONS: Readonly<Record<string, string>> = {
  'not-in-plan': 'not in the plan',
  'other-action': 'the plan says another action',
  'other-value': 'another value than the planned one',
  'not-done': 'planned, not done',
  'left-tainted': 'made, and left tainted',
  'not-comparable': 'hidden, and cannot be compared',
  adopted: 'changed outside before the plan, adopted with it',
  'null-or-empty': 'null and empty: as a provider may answer',
  'default-set': 'planned as null, set to a default by the provider',
  'other-space': 'other white space: as a provider may answer',
  'other-json': 'the same JSON, spelled otherwise',
  'other-spelling': 'the same text, spelled otherwise',
  'other-order': 'the same elements in another order',
  'no-candidate': 'no plan for the version before was recorded before it began',
  'plan-opaque': 'a plan that tells nothing may have been applied: encrypted, or kept in the cloud',
  'plan-forgotten': 'what the plan says is not remembered any more',
  'plan-after-change': 'this plan was recorded after the change began: it proves nothing',
  'plan-of-other-version': 'the plan of the run is for another version of the state',
  'candidates-disagree': 'several plans can be the one, and they do not agree',
};

function describeReason(reason: JudgedReason, actions: ChangeDetail['actions']): string {
  const { code, address, deposed, path, planned } = reason;
  const name = deposed === '' ? address : `${address} (deposed ${deposed})`;
  const place = [escapeText(name), ...(path === '' ? [] : [formatPath(path)])].filter((part) => part !== '').join('  ');
  const words = REASONS[code] ?? escapeText(code);
  const values =
    planned === undefined ? '' : `: planned ${escapeText(formatJson(planned))}${stateHas(reason, actions)}`;
  return [place, words + values].filter((part) => part !== '').join('   ');
}

function stateHas({ address, deposed, path }: JudgedReason, actions: ChangeDetail['actions']): string {
  const action = actions.find((each) => each.address === address && each.deposed === deposed);
  const after = action?.values.find((value) => value.path === path)?.after;
  return after?.is === 'shown' ? `, the state has ${escapeText(formatJson(after.value))}` : '';
}
