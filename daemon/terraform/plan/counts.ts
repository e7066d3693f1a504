// How Terraform counts a plan: a replacement is one to add and one to destroy, data sources do not count. Pure.
import type { PlanCounts } from '../../record/plan-data.ts';
import type { PlannedPlace, PlannedChange } from './plan.ts';

export type PlanTally = Omit<PlanCounts, 'drift' | 'deferred' | 'output'>;
type Counted = Pick<PlannedPlace, 'mode' | 'isImporting' | 'previousAddress'> & Pick<PlannedChange, 'actions'>;

export function countPlan(changes: readonly Counted[]): PlanTally {
  const managed = changes.filter(({ mode }) => mode === 'managed');
  const count = (is: (change: Counted) => boolean): number => managed.filter(is).length;
  return {
    add: count(({ actions }) => actions.includes('create')),
    change: count(({ actions }) => actions.includes('update')),
    destroy: count(({ actions }) => actions.includes('delete')),
    import: count(({ isImporting }) => isImporting),
    forget: count(({ actions }) => actions.includes('forget')),
    move: count(({ previousAddress }) => previousAddress !== undefined),
  };
}
