// What a recorded plan would change, from the records that follow its own.
import { isJsonObject, type JsonObject } from '../json/value.ts';
import type { HiddenChange, ValueChange } from '../record/data.ts';
import type { BlobReader } from './queries-blob.ts';
import { objectAt, objectsAt, textAt, textsAt } from './queries-fields.ts';
import type { StepBody } from './queries-net.ts';
import type { ReadRecord } from './queries-read.ts';
import type { StoredRecord } from './queries-summary.ts';

export interface RecordedChange {
  readonly role: string;
  readonly address: string;
  readonly deposed: string;
  readonly previousAddress: string;
  readonly resourceType: string;
  readonly actions: readonly string[];
  readonly isImporting: boolean;
  readonly body: StepBody;
  /** Pointers of what is known after the apply only. */
  readonly unknown: readonly string[];
  /** False when the body is no longer here. */
  readonly isWhole: boolean;
}

/** In the order of their records. */
export function* plannedChanges(
  plan: StoredRecord,
  readRecord: ReadRecord,
  blobs: BlobReader,
): Generator<RecordedChange> {
  for (let at = plan.leafIndex + 1; ; at += 1) {
    const next = readRecord(at)?.record;
    if (next?.type !== 'resource.planned' || textAt(next.data, 'plan') !== plan.record.id) return;
    yield toChange(next.data, blobs);
  }
}

/** Outputs that it would change. */
export function plannedOutputs(plan: StoredRecord, blobs: BlobReader): readonly RecordedChange[] {
  const { data } = plan.record;
  const lists = bodyOf(data, blobs) ?? {};
  return objectsAt(lists, 'outputs').map((output) => ({
    ...toChange(output, blobs),
    address: `output.${textAt(output, 'output')}`,
  }));
}

function toChange(data: JsonObject, blobs: BlobReader): RecordedChange {
  const body = bodyOf(data, blobs);
  const lists = body ?? {};
  return {
    role: textAt(data, 'role'),
    address: textAt(data, 'address'),
    deposed: textAt(data, 'deposed'),
    previousAddress: textAt(data, 'previousAddress'),
    resourceType: textAt(data, 'resourceType'),
    actions: textsAt(data, 'actions'),
    isImporting: data['importing'] === true,
    body: {
      changes: objectsAt(lists, 'changes') as unknown as readonly ValueChange[],
      hidden: objectsAt(lists, 'hidden') as unknown as readonly HiddenChange[],
    },
    unknown: textsAt(lists, 'unknown'),
    isWhole: body !== undefined,
  };
}

/** The lists themselves, or those of the blob they moved to. */
function bodyOf(data: JsonObject, blobs: BlobReader): JsonObject | undefined {
  const reference = objectAt(data, 'body');
  if (reference === undefined) return data;
  const json = blobs.json(textAt(reference, 'sha256'));
  return isJsonObject(json) ? json : undefined;
}
