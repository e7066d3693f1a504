// A plan that the log holds, as people know it from `terraform plan`. Pure.
import type { Subject } from '../answers/subject.ts';
import type { RecordedChange } from '../store/queries-plan.ts';
import type { Palette } from '../terminal.ts';
import { formatSubjects } from './render-change.ts';
import { plannedValues } from './render-plan.ts';

/** What had changed outside, then what it would change. */
export function formatRecordedPlan(changes: readonly RecordedChange[], palette: Palette): string[] {
  const style = { palette, isFull: true };
  const drift = changes.filter(({ role }) => role === 'drift').map(toSubject);
  const planned = changes.filter(({ role }) => role !== 'drift').map(toSubject);
  return [
    ...(drift.length === 0 ? [] : ['changed outside of Terraform since the last apply:']),
    ...formatSubjects(drift, style, ''),
    ...(drift.length === 0 || planned.length === 0 ? [] : ['planned:']),
    ...formatSubjects(planned, style, ''),
    ...(changes.length === 0 ? ['nothing'] : []),
  ];
}

function toSubject(change: RecordedChange): Subject {
  const { address, deposed, previousAddress, resourceType, actions, isImporting, body, unknown, isWhole } = change;
  return {
    name: address,
    ...{ deposed, previousAddress, resourceType, isWhole },
    actions: isImporting ? [...actions, 'import'] : actions,
    values: plannedValues(body, unknown),
    uncomparedCount: 0,
  };
}
