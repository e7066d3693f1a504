// Steps: the differences between the stored snapshot and an observation, appended as they are seen, one leaf per
// instance or output; the snapshot follows in the same transaction.
import type { Json } from '../json/value.ts';
import { formatJson } from '../json/format.ts';
import { parseJson } from '../json/parse.ts';
import type { Action } from '../record/data.ts';
import type { HiddenValue, InstanceBody, ObservedOutput, ObservedState } from '../record/observation.ts';
import { instanceKey, type StateRow, type States } from '../store/states.ts';
import type { Appender, Moment } from './appender.ts';
import { diffTrees, type TreeDiff } from './diff.ts';
import { actionsOf, toTree, type OperationFacts } from './net.ts';

/** Stored text → body: redacted before it was stored. */
export function parseBody(text: string): InstanceBody {
  return parseJson(Buffer.from(text)) as unknown as InstanceBody;
}

export function formatBody(body: InstanceBody | StoredOutput): string {
  return formatJson(body as unknown as Json);
}

export interface StoredOutput {
  readonly sensitive: boolean;
  readonly value: Json;
  readonly hidden: readonly HiddenValue[];
}

export function parseOutput(text: string): StoredOutput {
  return parseJson(Buffer.from(text)) as unknown as StoredOutput;
}

/** Hides in a stored body what the other side hides and what is known as a secret by now. */
export type ReRedact = (address: string, body: InstanceBody, other: InstanceBody | undefined) => InstanceBody;
export type ReRedactOutput = (name: string, output: StoredOutput, other: StoredOutput | undefined) => StoredOutput;

export interface StepContext {
  readonly states: States;
  readonly appender: Appender;
  readonly state: StateRow;
  readonly observed: ObservedState;
  readonly version: object;
  readonly identity: object;
  readonly moment: Moment;
  readonly facts: OperationFacts;
  readonly changeId: string;
  readonly reRedact: ReRedact;
  readonly reRedactOutput: ReRedactOutput;
}

export interface StepOutcome {
  readonly steps: number;
  readonly outputs: number;
  /** An instance became tainted or deposed in this version. */
  readonly hasFailedObject: boolean;
  /** Instances in which a value shown before is hidden from now on. */
  readonly redacted: number;
}

/** Compares, appends the steps, updates the snapshot. Data sources never reach here. */
export function appendSteps(context: StepContext): StepOutcome {
  const differences = instanceDifferences(context);
  let steps = 0;
  let redacted = 0;
  let hasFailedObject = false;
  for (const difference of differences) {
    if (appendInstance(context, difference)) steps += 1;
    if (difference.isRedacted) redacted += 1;
    hasFailedObject ||= difference.after?.tainted === true && difference.before?.tainted !== true;
  }
  const outputs = appendOutputs(context);
  return { steps: steps + outputs, outputs, hasFailedObject, redacted };
}

interface Difference {
  readonly address: string;
  readonly deposed: string;
  readonly rawTag: string;
  readonly before: InstanceBody | undefined;
  readonly after: InstanceBody | undefined;
  readonly isRedacted: boolean;
}

type Loaded = Pick<Difference, 'before' | 'isRedacted'>;

function instanceDifferences({ states, state, observed, reRedact }: StepContext): Difference[] {
  const known = states.rawTags(state.id);
  const differences: Difference[] = [];
  const load = (address: string, deposed: string, after: InstanceBody | undefined): Loaded => {
    const row = states.snapshot(state.id, address, deposed);
    if (row === undefined) return { before: undefined, isRedacted: false };
    const stored = parseBody(row.body);
    const before = reRedact(address, stored, after);
    return { before, isRedacted: before.hidden.length > stored.hidden.length };
  };
  for (const { address, deposed, rawTag, body } of observed.instances) {
    const isKnown = known.delete(instanceKey(address, deposed));
    if (body === undefined) continue;
    const loaded = isKnown ? load(address, deposed, body) : { before: undefined, isRedacted: false };
    differences.push({ address, deposed, rawTag, ...loaded, after: body });
  }
  for (const key of known.keys()) {
    const [address = '', deposed = ''] = key.split('\0');
    differences.push({ address, deposed, rawTag: '', ...load(address, deposed, undefined), after: undefined });
  }
  return differences;
}

/** Returns true when a leaf was appended: marks and metadata alone only renew the snapshot. */
function appendInstance(context: StepContext, difference: Difference): boolean {
  const { states, state } = context;
  const { address, deposed, before, after } = difference;
  const actions = actionsOf(before, after, context.facts);
  if (actions.length > 0) {
    states.keepBase(state.id, {
      kind: 'resource',
      address,
      deposed,
      body: before && formatBody(before),
      wasAbsent: after === undefined,
    });
    appendResourceChanged(context, difference, actions);
  }
  if (after === undefined) states.deleteSnapshot(state.id, address, deposed);
  else states.putSnapshot(state.id, { address, deposed, rawTag: difference.rawTag, body: formatBody(after) });
  return actions.length > 0;
}

function appendResourceChanged(context: StepContext, difference: Difference, actions: readonly Action[]): void {
  const { address, deposed, before, after } = difference;
  const diff = diffTrees(before && toTree(before), after && toTree(after));
  context.appender.append({
    type: 'resource.changed',
    source: context.state.uri,
    subject: address,
    moment: context.moment,
    data: {
      state: context.identity,
      version: context.version,
      change: context.changeId,
      address,
      deposed: deposed === '' ? undefined : deposed,
      resourceType: (after ?? before)?.type ?? '',
      actions,
      actionBasis: context.facts.forgets || context.facts.imports ? 'lock' : 'state',
      tainted: after?.tainted === true ? true : undefined,
      ...bodyOf(context.appender, diff),
      provider: (after ?? before)?.provider ?? '',
      previousProvider: before && after && before.provider !== after.provider ? before.provider : undefined,
    },
  });
}

function bodyOf(appender: Appender, diff: TreeDiff): Record<string, unknown> {
  const stored = appender.inlineOrBlob({ changes: diff.changes, hidden: diff.hidden } as unknown as Json);
  return stored.inline ? { ...diff } : { changes: [], hidden: [], body: stored.reference };
}

function appendOutputs(context: StepContext): number {
  const { states, state, observed } = context;
  const known = states.outputs(state.id);
  let count = 0;
  for (const output of observed.outputs) {
    const text = known.get(output.name);
    known.delete(output.name);
    count += appendOutput(context, output.name, text, output);
  }
  for (const [name, text] of known) count += appendOutput(context, name, text, undefined);
  return count;
}

function appendOutput(
  context: StepContext,
  name: string,
  text: string | undefined,
  observed: ObservedOutput | undefined,
): number {
  const { states, state, appender } = context;
  const after = observed && { sensitive: observed.sensitive, value: observed.value, hidden: observed.hidden };
  const before = text === undefined ? undefined : context.reRedactOutput(name, parseOutput(text), after);
  const diff = diffTrees(before, after);
  const isChanged = diff.changes.length > 0 || diff.hidden.length > 0;
  if (isChanged) {
    states.keepBase(state.id, {
      kind: 'output',
      address: name,
      deposed: '',
      body: before && formatBody(before),
      wasAbsent: after === undefined,
    });
    appender.append({
      type: 'output.changed',
      source: state.uri,
      subject: name,
      moment: context.moment,
      data: {
        state: context.identity,
        version: context.version,
        change: context.changeId,
        output: name,
        sensitive: after?.sensitive === true ? true : undefined,
        actions: [before === undefined ? 'create' : after === undefined ? 'delete' : 'update'],
        ...bodyOf(appender, diff),
      },
    });
  }
  if (after === undefined) states.deleteOutput(state.id, name);
  else states.putOutput(state.id, name, formatBody(after));
  return isChanged ? 1 : 0;
}
