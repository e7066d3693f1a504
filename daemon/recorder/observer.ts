// Raw bytes → redacted observation, inside the recorder's thread: parsing, taint, keys. Raw content lives only in the
// arguments and locals of these functions.
import type { RedactionKeys } from '../redaction/keys.ts';
import type { RedactionPolicy } from '../redaction/allow-list.ts';
import { AddressKeys } from '../redaction/address-keys.ts';
import { redactAgain, redactOutputAgain } from '../redaction/again.ts';
import { isOrdinaryWord, MIN_CONTAINED_UNITS } from '../redaction/public-words.ts';
import { redactPlan } from '../redaction/plan.ts';
import { HiddenSealer } from '../redaction/seal-hidden.ts';
import { contentTagOf, observeEncrypted, redactState, type StateContext } from '../redaction/state.ts';
import { TaintSet } from '../redaction/taint.ts';
import type { InstanceBody, ObservedState } from '../record/observation.ts';
import type { ObservedPlan } from '../record/plan-observation.ts';
import type { TerraformPlan } from '../terraform/plan/plan.ts';
import { parseState } from '../terraform/state-parse.ts';
import { instanceKey, type States } from '../store/states.ts';
import type { TerraformState } from '../terraform/state.ts';
import type { Covers } from './known-secrets.ts';
import { createVersionMemory, type VersionFacts } from './version-memory.ts';
import { parseBody, parseOutput, type ReRedact, type ReRedactOutput } from './steps.ts';

export interface Observer {
  /**
   * Observes one version as state `stateId`. Instances whose raw tag is known and was redacted under the same
   * knowledge come without body. New taint is stored in the caller's transaction. Throws ParseError.
   */
  observe(stateId: string, bytes: Uint8Array, known: KnownSnapshot | undefined): ObservedState;
  /**
   * Observes a plan; `keyId` is what its commitments derive from, `stateId` the state it is for, where that is known. New
   * taint is stored in the caller's transaction. Throws ParseError.
   */
  observePlan(keyId: string, plan: TerraformPlan, stateId: string | undefined): ObservedPlan;
  /** Serial and content tag alone; nothing is learned. Throws ParseError. */
  identify(bytes: Uint8Array): Pick<ObservedState, 'serial' | 'contentTag'>;
  /** What these bytes held when this state was last seen with them, if that is not long ago; parses nothing. */
  recall(stateId: string, bytes: Uint8Array): VersionFacts | undefined;
  /** Version of everything a redaction rests on: policy, key epoch and taint. */
  knowledge(): string;
  reRedact(stateId: string): ReRedact;
  reRedactOutput(stateId: string): ReRedactOutput;
  /** An address as it may be shown by now: index keys that are known secrets replaced. */
  hideAddress(stateId: string): (address: string) => string;
  /** True for a text of 8 units or more that is, or holds, a known secret, and is no ordinary word. */
  readonly covers: Covers;
  /** Reads the taint again after a transaction was rolled back. */
  reload(): void;
}

export interface KnownSnapshot {
  readonly knowledge: string;
  readonly rawTags: ReadonlyMap<string, string>;
}

export function createObserver(states: States, keys: RedactionKeys, policy: RedactionPolicy): Observer {
  let taint = new TaintSet(keys.equalityKey, states.taint());
  const knowledge = (): string => `${policy.digest}:${keys.epoch.kid}:${taint.size}`;
  const memory = createVersionMemory(keys);
  return {
    knowledge,
    recall: memory.recall,
    identify(bytes) {
      const parsed = parseState(bytes);
      return { serial: parsed.serial, contentTag: contentTagOf(parsed, bytes, keys) };
    },
    observe(stateId, bytes, known) {
      const parsed = parseState(bytes);
      if (parsed.kind === 'encrypted') return observeEncrypted(parsed, bytes, { stateId, keys });
      const stored = known ? states.outputs(stateId) : new Map<string, string>();
      const outputs = new Map([...stored].map(([name, text]) => [name, parseOutput(text)]));
      const result = redactState(parsed, {
        stateId,
        keys,
        policy,
        taint,
        rawBytes: bytes,
        known: known?.rawTags,
        isKnowledgeCurrent: () => known?.knowledge === knowledge(),
        bodyBefore: known && createBodiesBefore(states, stateId, parsed, known),
        outputBefore: (name) => outputs.get(name),
      });
      states.addTaint(result.learned);
      memory.keep(stateId, bytes, result.observed);
      return result.observed;
    },
    observePlan(keyId, plan, stateId) {
      const stored = (address: string, deposed: string): InstanceBody | undefined => {
        const row = stateId === undefined ? undefined : states.snapshot(stateId, address, deposed);
        return row && parseBody(row.body);
      };
      const { observed, learned } = redactPlan(plan, { keyId, keys, policy, taint, stored });
      states.addTaint(learned);
      return observed;
    },
    reRedact: (stateId) => (address, body, other) =>
      redactAgain(body, { other, policy, taint, keys, stateId, address }),
    reRedactOutput: (stateId) => (name, output, other) =>
      redactOutputAgain(output, { other, policy, taint, keys, stateId, name }),
    hideAddress(stateId) {
      const addressKeys = new AddressKeys(taint, new HiddenSealer(keys, stateId).committer);
      return (address) => addressKeys.hide(address);
    },
    covers: (text) => text.length >= MIN_CONTAINED_UNITS && !isOrdinaryWord(text) && taint.covers(text),
    reload() {
      // The taint that a forgotten version taught is to be learned from it again.
      memory.clear();
      taint = new TaintSet(keys.equalityKey, states.taint());
    },
  };
}

/**
 * Stored bodies by address. An address that is new takes the body of the one that went with the same content or id: a
 * moved instance keeps what was known of its values, as does an object that was deposed.
 */
function createBodiesBefore(
  states: States,
  stateId: string,
  { instances }: TerraformState,
  known: KnownSnapshot,
): StateContext['bodyBefore'] {
  const read = (address: string, deposed: string): InstanceBody | undefined => {
    const row = states.snapshot(stateId, address, deposed);
    return row && parseBody(row.body);
  };
  let gone: readonly InstanceBody[] | undefined;
  const readGone = (): readonly InstanceBody[] => {
    const left = new Set(known.rawTags.keys());
    for (const { address, deposed } of instances) left.delete(instanceKey(address, deposed ?? ''));
    return [...left].flatMap((key) => {
      const [address = '', deposed = ''] = key.split('\0');
      return read(address, deposed) ?? [];
    });
  };
  return (address, deposed, { type, contentTag, idTag }) => {
    const own = read(address, deposed) ?? (deposed === '' ? undefined : read(address, ''));
    if (own !== undefined) return own;
    gone ??= readGone();
    const sameType = gone.filter((body) => body.type === type);
    return (
      sameType.find((body) => body.contentTag === contentTag) ??
      sameType.find((body) => body.idTag !== '' && body.idTag === idTag)
    );
  };
}
