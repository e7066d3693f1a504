// How the versions of all states hang together, in one or two lines. Pure.
import type { StateClass, StatesReport, StepKind } from './state-steps.ts';

const CLASS_TEXT: readonly (readonly [StateClass, string])[] = [
  ['contiguous', 'every serial seen'],
  ['linked', 'linked by backup or plan'],
  ['monotonic-only', 'monotonic only'],
  ['gap', 'with a gap'],
  ['unmoved', 'without a change since the baseline'],
];

const STEP_TEXT: readonly (readonly [StepKind, string])[] = [
  ['contiguous', 'contiguous'],
  ['linked', 'linked'],
  ['monotonic-only', 'monotonic only'],
  ['unordered', 'without a rising serial'],
  ['new-lineage', 'new lineage'],
  ['gap', 'gap'],
  ['other', 'of a kind this version does not know'],
];

export function renderStates({ stateCount, retiredCount, byClass, steps }: StatesReport): string[] {
  if (stateCount === 0) return ['no state in the records that were read'];
  const classes = CLASS_TEXT.flatMap(([key, text]) => counted(byClass[key], text));
  const retired = retiredCount === 0 ? '' : ` (${retiredCount} retired)`;
  const stepTexts = STEP_TEXT.flatMap(([key, text]) => counted(steps[key], text));
  return [
    `${stateCount} state${stateCount === 1 ? '' : 's'}${retired}: ${classes.join(' · ')}`,
    ...(stepTexts.length === 0 ? [] : [`steps: ${stepTexts.join(' · ')}`]),
    ...(steps['monotonic-only'] === 0
      ? []
      : ['monotonic only: serials rose, nothing proves that no version lies between; not a gap']),
  ];
}

function counted(count: number, text: string): string[] {
  return count === 0 ? [] : [`${count} ${text}`];
}
