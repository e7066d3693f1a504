// How a run ended, from its run.finished: the outcome, and how much of what it meant to do is known to have landed. Pure.
import type { JsonObject } from '../json/value.ts';
import type { StreamAction, StreamOutcome, StreamResource, StreamTally } from '../record/run-data.ts';
import type { ParsedRecord } from '../record/record.ts';
import type { BlobReader } from './queries-blob.ts';
import { numberAt, objectAt, objectsAt, textAt } from './queries-fields.ts';

export interface RunEnd {
  readonly leafIndex: number;
  /** '' in a record that names none. */
  readonly outcome: string;
  readonly exitCode: number;
  readonly signal: string;
  /** Undefined where it left no -json stream. */
  readonly tally: StreamTally | undefined;
}

export function toRunEnd({ leafIndex, record }: { readonly leafIndex: number; readonly record: ParsedRecord }): RunEnd {
  const { data } = record;
  const tally = objectAt(data, 'stream', 'tally');
  return {
    leafIndex,
    outcome: textAt(data, 'outcome'),
    exitCode: numberAt(data, 'exitCode'),
    signal: textAt(data, 'signal'),
    tally: tally && {
      complete: numberAt(tally, 'complete'),
      errored: numberAt(tally, 'errored'),
      started: numberAt(tally, 'started'),
      notStarted: numberAt(tally, 'notStarted'),
      untold: numberAt(tally, 'untold'),
    },
  };
}

export function isFailedRun({ outcome }: Pick<RunEnd, 'outcome'>): boolean {
  return outcome !== '' && outcome !== 'succeeded';
}

/** The operations of a run.finished; undefined when their body is no longer here. */
export function readRunResources(data: JsonObject, blobs: BlobReader): readonly StreamResource[] | undefined {
  const body = objectAt(data, 'stream', 'body');
  if (body === undefined) return objectsAt(data, 'stream', 'resources').map(toResource);
  const json = blobs.json(textAt(body, 'sha256'));
  return json === undefined ? undefined : objectsAt({ json }, 'json', 'resources').map(toResource);
}

/** Words of later versions pass as they are. */
function toResource(resource: JsonObject): StreamResource {
  const common = {
    address: textAt(resource, 'address'),
    action: textAt(resource, 'action') as StreamAction,
    outcome: textAt(resource, 'outcome') as StreamOutcome,
  };
  return Object.hasOwn(resource, 'seconds') ? { ...common, seconds: numberAt(resource, 'seconds') } : common;
}
