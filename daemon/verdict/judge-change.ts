// A whole change against one plan: every instance and output that was planned, and every one that was touched. Pure; what
// it reads is asked for piece by piece, so that a large plan is never in memory whole.
import type { NetAction } from '../record/data.ts';
import type { InstanceJudgement, JudgementCounts, Verdict, VerdictReason } from '../record/verdict-data.ts';
import { judgeItem, type JudgedItem, type MadeItem, type PlannedItem } from './judge-instance.ts';
import { createEffort } from './same-value.ts';

/** What a plan says, as far as a verdict needs it. */
export interface JudgedPlan {
  /** What it would change, outputs as `output.<name>`. */
  readonly items: Iterable<PlannedItem>;
  /** Addresses that its moves leave. */
  readonly left: ReadonlySet<string>;
  /** The change to an instance brought what the plan had found outside. */
  isAdopted(address: string, deposed: string): boolean;
}

export interface MadeChange {
  readonly net: readonly NetAction[];
  /** Outputs that differ, as `output.<name>`. */
  readonly outputs: readonly string[];
  item(planned: PlannedItem): MadeItem;
}

export interface Judged {
  readonly verdict: Verdict;
  readonly counts: JudgementCounts;
  readonly instances: readonly InstanceJudgement[];
  readonly reasons: readonly VerdictReason[];
}

export function judgeChange(plan: JudgedPlan, made: MadeChange): Judged {
  const instances: InstanceJudgement[] = [];
  const reasons: VerdictReason[] = [];
  const covered = new Set<string>();
  let hasOther = false;
  let hasMore = false;
  const effort = createEffort();
  const add = (address: string, deposed: string, { judgement, isUndone, reasons: own }: JudgedItem): void => {
    const place = { address, ...(deposed === '' ? {} : { deposed }) };
    instances.push({ ...place, judgement, ...(isUndone ? { undone: true as const } : {}) });
    for (const reason of own) reasons.push(reason);
  };
  for (const item of plan.items) {
    covered.add(keyOf(item.address, item.deposed));
    const judged = judgeItem(item, made.item(item), effort);
    hasOther ||= judged.judgement === 'not-planned';
    add(item.address, item.deposed, judged);
  }
  for (const { address, deposed = '', isLeft } of touched(made)) {
    if (covered.has(keyOf(address, deposed)) || (isLeft && plan.left.has(address))) continue;
    const isAdopted = plan.isAdopted(address, deposed);
    hasMore ||= !isAdopted;
    add(address, deposed, unplanned(address, deposed, isAdopted));
  }
  const counts = countJudgements(instances);
  return {
    verdict: toVerdict(hasOther, hasMore, counts),
    counts,
    instances: instances.sort(byPlace),
    reasons: reasons.sort(byPlace),
  };
}

interface Touched {
  readonly address: string;
  readonly deposed?: string;
  /** What was there is there no more; whatever is there since came without a plan. */
  readonly isLeft: boolean;
}

/** A move touches the place it left, too. */
function touched({ net, outputs }: MadeChange): readonly Touched[] {
  const left = net.flatMap(({ previousAddress }) => (previousAddress === undefined ? [] : [previousAddress]));
  return [
    ...net.map((action) => ({ ...action, isLeft: action.deposed === undefined && isRemoval(action) })),
    ...left.map((address) => ({ address, isLeft: true })),
    ...outputs.map((address) => ({ address, isLeft: false })),
  ];
}

function isRemoval({ actions }: NetAction): boolean {
  return actions.every((action) => action === 'delete' || action === 'forget');
}

function unplanned(address: string, deposed: string, isAdopted: boolean): JudgedItem {
  const place = { address, ...(deposed === '' ? {} : { deposed }) };
  return isAdopted
    ? { judgement: 'drift', isUndone: false, reasons: [{ code: 'adopted', ...place }] }
    : { judgement: 'not-planned', isUndone: false, reasons: [{ code: 'not-in-plan', ...place }] };
}

function toVerdict(hasOther: boolean, hasMore: boolean, counts: JudgementCounts): Verdict {
  if (hasOther) return 'diverged';
  if (hasMore) return 'beyond-plan';
  if (counts.unknown > 0) return 'undetermined';
  return counts.undone > 0 ? 'partly-applied' : 'as-planned';
}

export function countJudgements(instances: readonly InstanceJudgement[]): JudgementCounts {
  const count = (judgement: InstanceJudgement['judgement']): number =>
    instances.filter((instance) => instance.judgement === judgement).length;
  return {
    planned: count('planned'),
    providerNormalised: count('provider-normalised'),
    drift: count('drift'),
    notPlanned: count('not-planned'),
    unknown: count('unknown'),
    undone: instances.filter(({ undone }) => undone === true).length,
  };
}

interface Placed {
  readonly address?: string;
  readonly deposed?: string;
  readonly path?: string;
}

function byPlace(a: Placed, b: Placed): number {
  return compare(a.address, b.address) || compare(a.deposed, b.deposed) || compare(a.path, b.path);
}

function compare(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function keyOf(address: string, deposed: string): string {
  return `${address}\0${deposed}`;
}
