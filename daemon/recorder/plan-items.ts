// What is remembered of a plan for its verdict, and how it is read again. Pure.
import { Buffer } from 'node:buffer';
import { formatJson } from '../json/format.ts';
import { parseJson } from '../json/parse.ts';
import type { Json } from '../json/value.ts';
import type { InstanceBody, ObservedState } from '../record/observation.ts';
import type { PlanAction } from '../record/plan-data.ts';
import type { ObservedPlan, ObservedPlanChange, ObservedPlanInstance } from '../record/plan-observation.ts';
import type { PlanItemRow } from '../store/plans.ts';
import { instanceKey } from '../store/states.ts';
import { formatBody, parseBody } from './steps.ts';

/** A planned instance or output. */
export interface StoredItem extends Pick<ObservedPlanChange, 'actions' | 'unknown'> {
  readonly type: string;
  readonly provider: string;
  readonly sensitive: boolean;
  readonly previousAddress?: string;
  /** Undefined for what goes, and for what is unknown as a whole. */
  readonly after?: ObservedPlanChange['after'];
}

/** Of what changes, moves or is imported, of outputs that change, and of what was found destroyed outside. */
export function toPlanItems({ changes, drift, outputs }: ObservedPlan): readonly PlanItemRow[] {
  return [
    ...changes.filter(isPlanned).map((instance) => instanceRow('planned', instance)),
    ...drift.filter(({ actions }) => actions[0] === 'delete').map((instance) => instanceRow('gone', instance)),
    ...outputs
      .filter(({ actions }) => actions[0] !== 'no-op')
      .map(({ name, isSensitive, ...change }): PlanItemRow => ({
        role: 'output',
        address: name,
        deposed: '',
        body: formatItem({ ...partsOf(change), type: '', provider: '', sensitive: isSensitive }),
      })),
  ];
}

/** Only what the plan lists as found outside, or what is as good as the stored one: its record shows nothing else. */
export function toRefreshedItems(
  { instances }: ObservedState,
  { drift }: ObservedPlan,
  isAsStored: (address: string, deposed: string, body: InstanceBody) => boolean,
): readonly PlanItemRow[] {
  const listed = new Set(drift.map(({ address, deposed }) => instanceKey(address, deposed ?? '')));
  return instances.flatMap(({ address, deposed, body }) =>
    body !== undefined && (listed.has(instanceKey(address, deposed)) || isAsStored(address, deposed, body))
      ? [{ role: 'refreshed' as const, address, deposed, body: formatBody(body) }]
      : [],
  );
}

/** `text` was written by toPlanItems. */
export function parseItem(text: string): StoredItem {
  return parseJson(Buffer.from(text)) as unknown as StoredItem;
}

/** `text` was written by toRefreshedItems. */
export function parseRefreshed(text: string): InstanceBody {
  return parseBody(text);
}

const REMOVALS: ReadonlySet<PlanAction> = new Set<PlanAction>(['delete', 'forget']);

export function isRemoval(actions: readonly PlanAction[]): boolean {
  return actions.every((action) => REMOVALS.has(action));
}

/** States hold no data sources and nothing ephemeral. */
function isPlanned({ mode, actions, previousAddress, isImporting }: ObservedPlanInstance): boolean {
  return mode === 'managed' && (actions[0] !== 'no-op' || previousAddress !== undefined || isImporting);
}

function instanceRow(role: 'planned' | 'gone', instance: ObservedPlanInstance): PlanItemRow {
  const { address, deposed, type, provider, previousAddress } = instance;
  const item = {
    ...partsOf(instance),
    ...{ type, provider, sensitive: false },
    ...(previousAddress === undefined ? {} : { previousAddress }),
  };
  return { role, address, deposed: deposed ?? '', body: formatItem(item) };
}

function partsOf({ actions, unknown, after }: ObservedPlanChange) {
  return {
    actions,
    unknown,
    ...(after === undefined ? {} : { after: { value: after.value, hidden: after.hidden } }),
  };
}

function formatItem(item: StoredItem): string {
  return formatJson(item as unknown as Json);
}
