// One change in full: its net actions with the values that differ between the state before it and after it, put
// together from its steps.
import { isJsonObject, type Json, type JsonObject } from '../json/value.ts';
import type { HiddenChange, ValueChange } from '../record/data.ts';
import type { ParsedRecord } from '../record/record.ts';
import type { Sqlite } from './database.ts';
import { netActionsOf } from './query-index.ts';
import { createBlobReader, type BlobReader } from './queries-blob.ts';
import { objectAt, objectsAt, textAt, textsAt } from './queries-fields.ts';
import { createAddLinks } from './queries-links.ts';
import { mergeSteps, type NetValue, type StepBody } from './queries-net.ts';
import type { ReadRecord } from './queries-read.ts';
import { readJudgement, type ChangeJudgement } from './queries-verdict.ts';
import { toChangeSummary, type ChangeSummary, type StoredRecord } from './queries-summary.ts';

export interface NetChange {
  readonly address: string;
  /** '' unless it is a deposed object. */
  readonly deposed: string;
  /** '' unless it moved. */
  readonly previousAddress: string;
  readonly resourceType: string;
  readonly actions: readonly string[];
  readonly values: readonly NetValue[];
  /** Hidden values that cannot be compared across a move: commitments are made per address. */
  readonly uncomparedCount: number;
  /** False when the body of a step is no longer here: values may be missing. */
  readonly isWhole: boolean;
}

export interface NetOutput {
  readonly name: string;
  readonly actions: readonly string[];
  readonly values: readonly NetValue[];
  readonly isWhole: boolean;
}

export interface ChangeDetail {
  readonly summary: ChangeSummary;
  readonly actions: readonly NetChange[];
  readonly outputs: readonly NetOutput[];
  /** The newest judgement. */
  readonly judgement: ChangeJudgement | undefined;
  /** The steps, in order; then what was linked, judged or noted later. The state.changed itself is not among them. */
  readonly records: readonly StoredRecord[];
}

export interface ChangeReader {
  /** Undefined unless the leaf is a state.changed. `size`: as of that tree size. */
  read(leafIndex: number, size?: number): ChangeDetail | undefined;
}

export function createChangeReader(database: Sqlite, readRecord: ReadRecord): ChangeReader {
  const blobs = createBlobReader(database);
  const addLinks = createAddLinks(database, readRecord);
  const cited = database
    .prepare<[string, number, number]>(
      `SELECT leaf_index FROM record_index WHERE change_id = ? AND change_id <> '' AND leaf_index <> ? AND leaf_index < ?
       ORDER BY leaf_index`,
    )
    .pluck();
  const indexOf = database.prepare<[string], number>('SELECT leaf_index FROM record_index WHERE id = ?').pluck();
  const plan = (id: string): StoredRecord | undefined => {
    const leafIndex = indexOf.get(id);
    return leafIndex === undefined ? undefined : readRecord(leafIndex);
  };
  return {
    read(leafIndex, size = Number.MAX_SAFE_INTEGER) {
      const closing = readRecord(leafIndex);
      if (closing?.record.type !== 'state.changed') return undefined;
      const { record } = closing;
      const records = (cited.all(record.id, leafIndex, size) as number[]).flatMap((index) => readRecord(index) ?? []);
      const steps = groupSteps(records, blobs);
      const judged = records.findLast(({ record: cited }) => cited.type === 'change.judged');
      return {
        summary: addLinks(toChangeSummary(leafIndex, record), size),
        actions: netActionsOf(record.data, blobs).map((action) => toNetChange(action, steps)),
        outputs: toNetOutputs(steps),
        judgement: judged && readJudgement(judged, { plan, record: readRecord, blobs }),
        records,
      };
    },
  };
}

interface Step {
  readonly body: StepBody;
  readonly actions: readonly string[];
  readonly isWhole: boolean;
}

/** Steps by subject, in leaf order. The key of an output begins with U+0000, which no address holds. */
type Steps = ReadonlyMap<string, readonly Step[]>;

const OUTPUT_PREFIX = '\0output\0';

function groupSteps(records: readonly StoredRecord[], blobs: BlobReader): Steps {
  const groups = new Map<string, Step[]>();
  for (const { record } of records) {
    const key = subjectKey(record);
    if (key === undefined) continue;
    const group = groups.get(key) ?? [];
    group.push(readStep(record.data, blobs));
    groups.set(key, group);
  }
  return groups;
}

function subjectKey({ type, data }: ParsedRecord): string | undefined {
  if (type === 'output.changed') return OUTPUT_PREFIX + textAt(data, 'output');
  if (type !== 'resource.changed') return undefined;
  return instanceKey(textAt(data, 'address'), textAt(data, 'deposed'));
}

function instanceKey(address: string, deposed: string): string {
  return `${address}\0${deposed}`;
}

function readStep(data: JsonObject, blobs: BlobReader): Step {
  const actions = textsAt(data, 'actions');
  const reference = objectAt(data, 'body');
  if (reference === undefined) return { body: toBody(data), actions, isWhole: true };
  const body = blobs.json(textAt(reference, 'sha256'));
  return { body: toBody(isJsonObject(body) ? body : {}), actions, isWhole: isJsonObject(body) };
}

function toBody(data: JsonObject): StepBody {
  return {
    changes: objectsAt(data, 'changes').map(toValueChange),
    hidden: objectsAt(data, 'hidden').map(toHiddenChange),
  };
}

function toValueChange(change: JsonObject): ValueChange {
  const side = (name: 'before' | 'after'): Record<string, Json> => {
    const value = change[name];
    return value === undefined ? {} : { [name]: value };
  };
  return { path: textAt(change, 'path'), ...side('before'), ...side('after') };
}

function toHiddenChange(entry: JsonObject): HiddenChange {
  const by = textAt(entry, 'by');
  return {
    path: textAt(entry, 'path'),
    by: by === 'mark' || by === 'rule' || by === 'taint' ? by : 'default',
    kid: textAt(entry, 'kid'),
    commitment: textAt(entry, 'commitment'),
    changed: entry['changed'] !== false,
  };
}

function toNetChange(action: JsonObject, steps: Steps): NetChange {
  const address = textAt(action, 'address');
  const deposed = textAt(action, 'deposed');
  const previousAddress = textAt(action, 'previousAddress');
  const own = steps.get(instanceKey(address, deposed)) ?? [];
  const origin = previousAddress === '' ? [] : (steps.get(instanceKey(previousAddress, '')) ?? []);
  const actions = textsAt(action, 'actions');
  // What went at the old address is what came at the new one, whatever the order of their leaves.
  const values = mergeSteps([...origin, ...own].map((step) => step.body));
  const comparable = previousAddress === '' ? values : values.filter((value) => !isHiddenTwice(value));
  const isMoveOnly = actions.length === 1 && actions[0] === 'move';
  return {
    address,
    deposed,
    previousAddress,
    resourceType: textAt(action, 'resourceType'),
    actions,
    values: isMoveOnly ? [] : comparable,
    uncomparedCount: isMoveOnly ? 0 : values.length - comparable.length,
    isWhole: [...origin, ...own].every((step) => step.isWhole),
  };
}

function isHiddenTwice({ before, after }: NetValue): boolean {
  return before.is === 'hidden' && after.is === 'hidden';
}

function toNetOutputs(steps: Steps): NetOutput[] {
  const outputs: NetOutput[] = [];
  for (const [key, group] of steps) {
    if (!key.startsWith(OUTPUT_PREFIX)) continue;
    const existedBefore = group[0]?.actions[0] !== 'create';
    const existsAfter = group.at(-1)?.actions[0] !== 'delete';
    const values = mergeSteps(group.map((step) => step.body));
    const isWhole = group.every((step) => step.isWhole);
    if (existedBefore === existsAfter && (!existedBefore || (values.length === 0 && isWhole))) continue;
    const action = existedBefore ? (existsAfter ? 'update' : 'delete') : 'create';
    outputs.push({ name: key.slice(OUTPUT_PREFIX.length), actions: [action], values, isWhole });
  }
  return outputs.sort((a, b) => (a.name < b.name ? -1 : 1));
}
