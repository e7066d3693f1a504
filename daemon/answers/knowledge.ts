// What is known as a secret by now, for verbs that show what a log held earlier: an old line may show in clear what was
// learned to be one later. With the recorder's keys everything the recorder would hide now is hidden; without them only
// what stands hidden at the same place of the newest snapshot, and the answer says so.
import type { Json } from '../json/value.ts';
import { ConfigError } from '../errors.ts';
import { readRedactionKeys } from '../keys.ts';
import type { HiddenValue, InstanceBody } from '../record/observation.ts';
import { applyChanges, type RedactedTree } from '../recorder/diff.ts';
import { createObserver, type Observer } from '../recorder/observer.ts';
import { parseBody, parseOutput, type StoredOutput } from '../recorder/steps.ts';
import { readPointer, parsePointer } from '../json/pointer.ts';
import { isJsonObject } from '../json/value.ts';
import { createPolicy, type PolicyOptions } from '../redaction/allow-list.ts';
import type { RedactionKeys } from '../redaction/keys.ts';
import type { Sqlite } from '../store/database.ts';
import { readSettings } from '../store/labels.ts';
import { textAt, textsAt } from '../store/queries-fields.ts';
import { createStates, type States } from '../store/states.ts';

type Hidden = Pick<InstanceBody, 'hidden'>;

export interface Knowledge {
  /** False: the recorder's keys are not at hand. */
  readonly isKeyed: boolean;
  /** True for a text that is, or holds, a known secret; never without keys. */
  readonly covers: (text: string) => boolean;
  ofState(stateId: string): StateKnowledge;
}

export interface StateKnowledge {
  /** A body with everything hidden that is to be hidden by now, and what `other` hides. */
  hideBody(address: string, deposed: string, body: InstanceBody, other?: Hidden): InstanceBody;
  hideOutput(name: string, output: StoredOutput, other?: Hidden): StoredOutput;
  /** An address with index keys that are known secrets replaced. */
  readonly hideAddress: (address: string) => string;
}

export const UNKEYED_NOTE =
  "the recorder's keys are not at hand: what was learned to be a secret later is hidden only where it stands hidden now";

export async function openKnowledge(context: { readonly dataDir: string }, database: Sqlite): Promise<Knowledge> {
  const states = createStates(database);
  const keys = (await readKeys(context.dataDir)).at(-1);
  const observer = keys && createObserver(states, keys, createPolicy(readPolicy(database)));
  return {
    isKeyed: observer !== undefined,
    covers: (text) => observer?.covers(text) === true,
    ofState: (stateId) => createStateKnowledge(states, stateId, observer),
  };
}

async function readKeys(dataDir: string): Promise<readonly RedactionKeys[]> {
  try {
    return await readRedactionKeys(dataDir);
  } catch (error) {
    // A copy of the database alone, or a reader who may not see the keys.
    if (error instanceof ConfigError) return [];
    throw error;
  }
}

/** The policy in force, as the log repeats it. */
function readPolicy(database: Sqlite): PolicyOptions {
  const redaction = readSettings(database)?.['redaction'];
  const settings = isJsonObject(redaction) ? redaction : {};
  const values = textAt(settings, 'values');
  return {
    values: values === 'marked-only' || values === 'none' ? values : 'allow-list',
    hide: textsAt(settings, 'hide'),
    show: textsAt(settings, 'show'),
  };
}

function createStateKnowledge(states: States, stateId: string, observer: Observer | undefined): StateKnowledge {
  // With the taint at hand a value is judged by itself; without it, what was a secret there is one at any time.
  const holds = ({ by }: HiddenValue): boolean => by === 'mark' || by === 'rule' || (!observer && by === 'taint');
  const outputs = new Map([...states.outputs(stateId)].map(([name, text]) => [name, parseOutput(text).hidden]));
  const nowAt = (address: string, deposed: string): InstanceBody['hidden'] => {
    const row = states.snapshot(stateId, address, deposed);
    return row === undefined ? [] : parseBody(row.body).hidden.filter(holds);
  };
  const [reRedact, reRedactOutput] = [observer?.reRedact(stateId), observer?.reRedactOutput(stateId)];
  return {
    hideAddress: observer?.hideAddress(stateId) ?? ((address) => address),
    hideBody(address, deposed, body, other = { hidden: [] }) {
      const hidden = [...nowAt(address, deposed), ...other.hidden];
      if (reRedact) return reRedact(address, body, { ...body, hidden });
      const { value, hidden: all } = hideAt({ value: body.attributes, hidden: body.hidden }, hidden);
      return { ...body, attributes: isJsonObject(value) ? value : {}, hidden: all };
    },
    hideOutput(name, output, other = { hidden: [] }) {
      const hidden = [...(outputs.get(name)?.filter(holds) ?? []), ...other.hidden];
      return reRedactOutput?.(name, output, { ...output, hidden }) ?? { ...output, ...hideAt(output, hidden) };
    },
  };
}

/** Without a key nothing stands for the value: no tag, no commitment. */
function hideAt(tree: RedactedTree, hidden: readonly HiddenValue[]): RedactedTree {
  return hidden.reduce<RedactedTree>((now, { path, by }) => {
    const found = readPointer(now.value, parsePointer(path));
    if (found === undefined || found === null) return now;
    const kept = now.hidden.filter((value) => !value.path.startsWith(`${path}/`));
    const value: Json = applyChanges(now.value, [{ path, after: null }]) ?? null;
    return { value, hidden: [...kept, { path, by, tag: '', kid: '', commitment: '' }] };
  }, tree);
}
