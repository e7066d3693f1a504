// Redaction of what was redacted before, under what is known now: the stored side of a diff must not print a value
// that the other side hides, or that has become known as a secret since. Works on shown values; hidden ones stay.
import { isJsonObject, type Json } from '../json/value.ts';
import type { HiddenValue, InstanceBody, ObservedOutput } from '../record/observation.ts';
import type { RedactionPolicy } from './allow-list.ts';
import { allMarks } from './known-marks.ts';
import type { RedactionKeys } from './keys.ts';
import { redactTree } from './redact.ts';
import type { SchemaNode } from './schema-rules.ts';
import { HiddenSealer } from './seal-hidden.ts';
import { outputAddress } from './state.ts';
import type { TaintSet } from './taint.ts';

interface Knowledge {
  readonly policy: RedactionPolicy;
  readonly taint: TaintSet;
  readonly keys: RedactionKeys;
  readonly stateId: string;
}

export interface AgainContext extends Knowledge {
  /** The other side of the diff; undefined when the instance does not exist there. */
  readonly other: Pick<InstanceBody, 'hidden'> | undefined;
  readonly address: string;
}

type StoredOutput = Pick<ObservedOutput, 'sensitive' | 'value' | 'hidden'>;

export interface OutputAgainContext extends Knowledge {
  readonly other: Pick<ObservedOutput, 'hidden'> | undefined;
  readonly name: string;
}

/**
 * A stored body, hiding also what `other` hides and what policy and taint hide by now. Values that were shown get
 * the tag and commitment they would have had; afterwards both sides compare by tags. The same object when nothing
 * changes.
 */
export function redactAgain(body: InstanceBody, context: AgainContext): InstanceBody {
  const schema = context.policy.schemaOf(body.type);
  const again = redactStored(body.attributes, body.hidden, context, { address: context.address, schema });
  if (again === undefined || !isJsonObject(again.value)) return body;
  return { ...body, attributes: again.value, hidden: again.hidden };
}

/** The same for a stored output. */
export function redactOutputAgain<T extends StoredOutput>(output: T, context: OutputAgainContext): T {
  const { name } = context;
  const again = redactStored(output.value, output.hidden, context, { address: outputAddress(name), key: name });
  return again === undefined ? output : { ...output, ...again };
}

interface Subject {
  readonly address: string;
  readonly schema?: SchemaNode | undefined;
  readonly key?: string;
}

interface Stored {
  readonly value: Json;
  readonly hidden: readonly HiddenValue[];
}

/** Undefined when nothing more is to be hidden. */
function redactStored(
  tree: Json,
  hidden: readonly HiddenValue[],
  { other, policy, taint, keys, stateId }: Knowledge & { readonly other: Pick<InstanceBody, 'hidden'> | undefined },
  { address, schema, key }: Subject,
): Stored | undefined {
  const marks = allMarks(other?.hidden ?? []);
  const redacted = redactTree(tree, { policy, taint, marks, schema, key });
  if (redacted.hidden.length === 0) return undefined;
  const sealer = new HiddenSealer(keys, stateId);
  const known = new Map(hidden.map((value) => [value.path, value]));
  const added = redacted.hidden.map((raw) => sealer.sealAgain(address, raw, known));
  const kept = hidden.filter(({ path }) => !added.some((value) => path.startsWith(`${value.path}/`)));
  return { value: redacted.value, hidden: [...kept, ...added] };
}
