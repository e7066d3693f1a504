// How Terraform counts a plan: a replacement is one to add and one to destroy, data sources do not count. Pure.
import type { PlanAction } from './plan.ts';

export interface PlanTally {
  readonly add: number;
  readonly change: number;
  readonly destroy: number;
  readonly import: number;
  readonly forget: number;
  readonly move: number;
}

interface Counted {
  readonly mode: 'managed' | 'data' | 'ephemeral';
  readonly actions: readonly PlanAction[];
  readonly isImporting: boolean;
  readonly previousAddress: string | undefined;
}

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
