// Net actions: what a whole change did to each instance, from what it was before the change and what it is after it.
// Pure. A state alone cannot tell an import block from a create, nor a forgetting `removed` block from a delete.
import type { Action, ChangeCounts, NetAction } from '../record/data.ts';
import type { InstanceBody } from '../record/observation.ts';
import { diffTrees } from './diff.ts';

/** One instance over a change. `before` or `after` undefined: it did not exist on that side. */
export interface InstanceSpan {
  readonly address: string;
  readonly deposed: string;
  readonly before: InstanceBody | undefined;
  readonly after: InstanceBody | undefined;
  /** A version without it was seen between the two. */
  readonly wasAbsent: boolean;
}

/** A span of an address, and what became of its old object once that was deposed. */
interface Settled extends InstanceSpan {
  readonly old: 'never-deposed' | 'deposed-and-gone' | 'still-deposed';
}

/** What the lock's operation says that the content cannot. */
export interface OperationFacts {
  /** `state rm`: what goes is forgotten, not destroyed. */
  readonly forgets: boolean;
  /** `import`: what comes was imported, not created. */
  readonly imports: boolean;
}

export function netActions(spans: readonly InstanceSpan[], facts: OperationFacts): NetAction[] {
  const settled = absorbDeposed(spans);
  const moves = findMoves(settled);
  const gone = new Set<InstanceSpan>(moves.values());
  return settled
    .filter((span) => !gone.has(span))
    .flatMap((span) => toNetAction(span, moves.get(span), facts) ?? [])
    .sort((a, b) => compare(a.address, b.address) || compare(a.deposed ?? '', b.deposed ?? ''));
}

export function countActions(actions: readonly NetAction[], outputs: number): ChangeCounts {
  const counts = {
    create: 0,
    update: 0,
    delete: 0,
    replace: 0,
    forget: 0,
    move: 0,
    import: 0,
    taint: 0,
    output: outputs,
  };
  for (const { actions: list } of actions) {
    if (list.includes('create') && list.includes('delete')) counts.replace += 1;
    else if (list.includes('create')) counts.create += 1;
    else if (list.includes('delete')) counts.delete += 1;
    else if (list.includes('forget')) counts.forget += 1;
    else if (list.includes('import')) counts.import += 1;
    else if (list.includes('update')) counts.update += 1;
    else if (list.includes('taint') || list.includes('untaint')) counts.taint += 1;
    if (list.includes('move')) counts.move += 1;
  }
  return counts;
}

/** Step or net actions of one instance; empty when nothing of meaning differs. */
export function actionsOf(
  before: InstanceBody | undefined,
  after: InstanceBody | undefined,
  facts: OperationFacts,
): Action[] {
  if (before === undefined) return after === undefined ? [] : [facts.imports ? 'import' : 'create'];
  if (after === undefined) return [facts.forgets ? 'forget' : 'delete'];
  const actions: Action[] = [];
  if (before.tainted !== after.tainted) actions.push(after.tainted ? 'taint' : 'untaint');
  if (hasDifferentValues(before, after) || before.provider !== after.provider) actions.push('update');
  return actions;
}

/** A new deposed object is the old object of its address, not something created. */
function absorbDeposed(spans: readonly InstanceSpan[]): Settled[] {
  const owners = new Set(spans.filter(isOwner).map(({ address }) => address));
  const isAbsorbed = (span: InstanceSpan): boolean =>
    span.deposed !== '' && span.before === undefined && (span.after === undefined || owners.has(span.address));
  const absorbed = Map.groupBy(spans.filter(isAbsorbed), ({ address }) => address);
  const oldOf = (span: InstanceSpan): Settled['old'] => {
    const deposed = span.deposed === '' ? absorbed.get(span.address) : undefined;
    if (deposed === undefined) return 'never-deposed';
    return deposed.some(({ after }) => after !== undefined) ? 'still-deposed' : 'deposed-and-gone';
  };
  const settled = spans.filter((span) => !isAbsorbed(span)).map((span) => ({ ...span, old: oldOf(span) }));
  // Deposed and not followed by another: the object is where it was, nothing was destroyed.
  return settled.filter(({ after, old }) => after !== undefined || old !== 'still-deposed');
}

function isOwner({ deposed, before }: InstanceSpan): boolean {
  return deposed === '' && before !== undefined;
}

function toNetAction(span: Settled, origin: InstanceSpan | undefined, facts: OperationFacts): NetAction | undefined {
  const before = origin?.before ?? span.before;
  const actions = isReplaced(span, before) ? replacement(span) : actionsOf(before, span.after, facts);
  if (origin) actions.unshift('move');
  const body = span.after ?? before;
  if (actions.length === 0 || body === undefined) return undefined;
  return {
    address: span.address,
    ...(span.deposed === '' ? {} : { deposed: span.deposed }),
    ...(origin ? { previousAddress: origin.address } : {}),
    resourceType: body.type,
    actions,
  };
}

/** The same address holds another object: it was gone in between, or its id is another one. */
function isReplaced(span: Settled, before: InstanceBody | undefined): boolean {
  if (before === undefined || span.after === undefined) return false;
  // Terraform puts a deposed object back when its successor could not be created.
  const isPutBack = hasSameContent(before, span.after) && before.tainted === span.after.tainted;
  if (span.old !== 'never-deposed') return span.old === 'still-deposed' || !isPutBack;
  if (span.wasAbsent) return true;
  return before.idTag !== '' && span.after.idTag !== '' && before.idTag !== span.after.idTag;
}

function replacement(span: Settled): Action[] {
  if (span.old === 'still-deposed') return ['create'];
  const createFirst = span.old === 'deposed-and-gone' || (!span.wasAbsent && span.after?.createBeforeDestroy === true);
  return createFirst ? ['create', 'delete'] : ['delete', 'create'];
}

function hasDifferentValues(before: InstanceBody, after: InstanceBody): boolean {
  if (hasSameContent(before, after)) return false;
  const { changes, hidden } = diffTrees(toTree(before), toTree(after));
  return changes.length > 0 || hidden.length > 0;
}

/** What was rebuilt from the log has no tag: then only a look at the values tells. */
function hasSameContent(before: InstanceBody, after: InstanceBody): boolean {
  return before.contentTag !== '' && before.contentTag === after.contentTag;
}

export function toTree(body: InstanceBody): { value: InstanceBody['attributes']; hidden: InstanceBody['hidden'] } {
  return { value: body.attributes, hidden: body.hidden };
}

/**
 * Pairs what came with what went: same type, and the same content or else the same non-empty id. A pair counts only
 * when it is the only one possible; otherwise both sides stand as they are.
 */
export function findMoves(spans: readonly InstanceSpan[]): Map<InstanceSpan, InstanceSpan> {
  const came = spans.filter((span) => span.before === undefined && span.after !== undefined && span.deposed === '');
  const went = spans.filter((span) => span.before !== undefined && span.after === undefined && span.deposed === '');
  const moves = new Map<InstanceSpan, InstanceSpan>();
  for (const keyOf of [contentKey, idKey]) {
    const free = (span: InstanceSpan): boolean => !moves.has(span) && ![...moves.values()].includes(span);
    const targets = group(came.filter(free), (span) => keyOf(span.after));
    const origins = group(went.filter(free), (span) => keyOf(span.before));
    for (const [key, [target, another]] of targets) {
      const [origin, second] = origins.get(key) ?? [];
      if (target && origin && !another && !second) moves.set(target, origin);
    }
  }
  return moves;
}

function contentKey(body: InstanceBody | undefined): string {
  return body === undefined || body.contentTag === '' ? '' : `${body.type}\0${body.contentTag}`;
}

function idKey(body: InstanceBody | undefined): string {
  return body === undefined || body.idTag === '' ? '' : `${body.type}\0${body.idTag}`;
}

function group(spans: readonly InstanceSpan[], keyOf: (span: InstanceSpan) => string): Map<string, InstanceSpan[]> {
  const groups = new Map<string, InstanceSpan[]>();
  for (const span of spans) {
    const key = keyOf(span);
    if (key !== '') groups.set(key, [...(groups.get(key) ?? []), span]);
  }
  return groups;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
