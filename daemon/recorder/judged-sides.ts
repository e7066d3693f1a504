// The two sides of a verdict, read from what the recorder remembers: what a plan says, and what a change did. Values of
// both are redacted again under what is known now, so that they compare by tags.
import type { InstanceBody } from '../record/observation.ts';
import { isJsonObject, type JsonObject } from '../json/value.ts';
import { instanceKey, type StateRow } from '../store/states.ts';
import type { Plans } from '../store/plans.ts';
import type { JudgedPlan, MadeChange } from '../verdict/judge-change.ts';
import type { MadeItem, PlannedItem } from '../verdict/judge-instance.ts';
import { compareValues, createEffort, isSpelling, type Side } from '../verdict/same-value.ts';
import type { ClosedChange } from './change-keeper.ts';
import { diffTrees } from './diff.ts';
import { toTree, type InstanceSpan } from './net.ts';
import type { RecorderParts } from './parts.ts';
import { isRemoval, parseItem, parseRefreshed, type StoredItem } from './plan-items.ts';
import { parseBody, parseOutput, type ReRedact, type StoredOutput } from './steps.ts';

const NOTHING: Side = { value: undefined, hidden: [] };
const OUTPUT = 'output.';
const BUILT_IN = 'terraform.io/builtin/';

/** A plan for a state, as it is remembered. */
export function readJudgedPlan(parts: RecorderParts, plans: Plans, planId: string, row: StateRow): JudgedPlan {
  const read = (role: 'planned' | 'output', address: string, deposed: string): StoredItem | undefined => {
    const text = plans.item(planId, { role, address, deposed });
    return text === undefined ? undefined : parseItem(text);
  };
  const planned = plans.keys(planId, 'planned');
  const left = planned.flatMap(({ address, deposed }) => read('planned', address, deposed)?.previousAddress ?? []);
  return {
    items: (function* () {
      for (const { address, deposed } of planned) {
        const item = read('planned', address, deposed);
        if (item !== undefined) yield toPlannedItem({ address, deposed }, item);
      }
      for (const { address: name } of plans.keys(planId, 'output')) {
        const item = read('output', name, '');
        if (item !== undefined) yield toPlannedItem({ address: OUTPUT + name, deposed: '' }, item);
      }
    })(),
    left: new Set(left),
    isAdopted(address, deposed) {
      const now = parts.states.snapshot(row.id, address, deposed);
      if (now === undefined) return plans.item(planId, { role: 'gone', address, deposed }) !== undefined;
      const text = plans.item(planId, { role: 'refreshed', address, deposed });
      return text !== undefined && isSameBody(parts, row, address, parseRefreshed(text), parseBody(now.body));
    },
  };
}

/** Both sides of what a change did to each planned instance or output. */
export function readMadeChange(parts: RecorderParts, row: StateRow, closed: ClosedChange): MadeChange {
  const { states } = parts;
  const spans = new Map(closed.spans.map((span) => [instanceKey(span.address, span.deposed), span]));
  const nets = new Map(closed.actions.map((net) => [instanceKey(net.address, net.deposed ?? ''), net]));
  const outputs = new Map(closed.outputs.map((span) => [span.name, span]));
  const newlyDeposed = new Set(closed.spans.filter(isNewlyDeposed).map(({ address }) => address));
  let outputsNow: Map<string, string> | undefined;

  const instance = (planned: PlannedItem): MadeItem => {
    const { address, deposed, previousAddress } = planned;
    const now = states.snapshot(row.id, address, deposed);
    const after = now && parseBody(now.body);
    const net = nets.get(instanceKey(address, deposed));
    const span = spans.get(instanceKey(address, deposed));
    const origin = previousAddress === undefined ? undefined : spans.get(instanceKey(previousAddress, ''));
    const before = origin?.before ?? (span === undefined ? after : span.before);
    return {
      ...alignInstance(parts, row, planned, { before, after }),
      isTainted: after?.tainted === true,
      hasDeposedLeft: deposed === '' && newlyDeposed.has(address),
      net,
    };
  };

  const output = (planned: PlannedItem, name: string): MadeItem => {
    outputsNow ??= states.outputs(row.id);
    const span = outputs.get(name);
    const stored = outputsNow.get(name);
    const after = stored === undefined ? undefined : parseOutput(stored);
    return {
      ...alignOutput(parts, row, name, planned, { before: span === undefined ? after : span.before, after }),
      isTainted: false,
      hasDeposedLeft: false,
      net: span && { address: planned.address, resourceType: '', actions: ['update'] },
    };
  };

  return {
    net: closed.actions,
    outputs: closed.outputs.map(({ name }) => OUTPUT + name),
    item: (planned) => (planned.isOutput ? output(planned, planned.address.slice(OUTPUT.length)) : instance(planned)),
  };
}

function toPlannedItem(place: { readonly address: string; readonly deposed: string }, item: StoredItem): PlannedItem {
  const { actions, type, provider, previousAddress, unknown } = item;
  const value = item.after?.value ?? undefined;
  return {
    ...place,
    ...{ previousAddress, type, actions },
    isOutput: type === '',
    isLenient: !provider.includes(BUILT_IN),
    after: isRemoval(actions) ? undefined : { value, hidden: item.after?.hidden ?? [], unknown },
  };
}

interface Bodies<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

type Aligned = Pick<MadeItem, 'planned' | 'before' | 'after'>;

/** What one side hides, all hide. */
function alignInstance(
  { observer }: RecorderParts,
  row: StateRow,
  { address, type, after: planned }: PlannedItem,
  bodies: Bodies<InstanceBody>,
): Aligned {
  const reRedact = observer.reRedact(row.id);
  const again = (body: InstanceBody | undefined, other: InstanceBody | undefined): InstanceBody | undefined =>
    body && reRedact(address, body, other);
  const body = planned && isJsonObject(planned.value) ? toBody(type, planned.value, planned.hidden) : undefined;
  const known = again(bodies.after, body);
  const plan = again(body, known);
  const after = again(known, plan);
  const before = again(bodies.before, after ?? plan);
  return {
    planned: planned && { ...planned, ...(plan === undefined ? {} : toTree(plan)) },
    before: before === undefined ? NOTHING : toTree(before),
    after: after === undefined ? NOTHING : toTree(after),
  };
}

function alignOutput(
  { observer }: RecorderParts,
  row: StateRow,
  name: string,
  { after: planned }: PlannedItem,
  bodies: Bodies<StoredOutput>,
): Aligned {
  const reRedact = observer.reRedactOutput(row.id);
  const again = (body: StoredOutput | undefined, other: StoredOutput | undefined): StoredOutput | undefined =>
    body && reRedact(name, body, other);
  const body =
    planned?.value === undefined ? undefined : { sensitive: false, value: planned.value, hidden: planned.hidden };
  const known = again(bodies.after, body);
  const plan = again(body, known);
  const after = again(known, plan);
  const before = again(bodies.before, after ?? plan);
  return {
    planned: planned && { ...planned, ...(plan === undefined ? {} : { value: plan.value, hidden: plan.hidden }) },
    before: before ?? NOTHING,
    after: after ?? NOTHING,
  };
}

function toBody(type: string, attributes: JsonObject, hidden: InstanceBody['hidden']): InstanceBody {
  const unsaid = { provider: '', tainted: false, createBeforeDestroy: false, contentTag: '', idTag: '' };
  return { type, ...unsaid, attributes, hidden };
}

function isSameBody(
  { observer }: RecorderParts,
  row: StateRow,
  address: string,
  found: InstanceBody,
  now: InstanceBody,
): boolean {
  if (found.tainted !== now.tainted) return false;
  if (found.contentTag !== '' && found.contentTag === now.contentTag) return true;
  const left = observer.reRedact(row.id)(address, found, now);
  const { changes, hidden } = diffTrees(toTree(left), toTree(now));
  return changes.length + hidden.length === 0;
}

/** As another version of the provider's schema writes it: nothing that anybody would call a change. */
export function isSpelledAlike(
  reRedact: ReRedact,
  address: string,
  stored: InstanceBody,
  found: InstanceBody,
): boolean {
  const left = reRedact(address, stored, found);
  const findings = compareValues({
    planned: { ...toTree(left), unknown: [] },
    ...{ actual: toTree(reRedact(address, found, left)), before: NOTHING, isTouched: false },
    ...{ isLenient: true, effort: createEffort() },
  });
  return stored.tainted === found.tainted && findings.every(isSpelling);
}

/** The old object of its address, left by a replacement that did not end. */
function isNewlyDeposed({ deposed, before, after }: InstanceSpan): boolean {
  return deposed !== '' && before === undefined && after !== undefined;
}
