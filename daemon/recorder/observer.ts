// Raw bytes → redacted observation, inside the recorder's thread: parsing, taint, keys. Raw content lives only in the
// arguments and locals of these functions.
import type { RedactionKeys } from '../redaction/keys.ts';
import type { RedactionPolicy } from '../redaction/allow-list.ts';
import { redactAgain, redactOutputAgain } from '../redaction/again.ts';
import { observeEncrypted, redactState } from '../redaction/state.ts';
import { TaintSet } from '../redaction/taint.ts';
import type { ObservedState } from '../record/observation.ts';
import { parseState } from '../terraform/state-parse.ts';
import type { States } from '../store/states.ts';
import { parseBody, parseOutput, type ReRedact, type ReRedactOutput } from './steps.ts';

export interface Observer {
  /**
   * Observes one version as state `stateId`. Instances whose raw tag is known and was redacted under the same
   * knowledge come without body. New taint is stored in the caller's transaction. Throws ParseError.
   */
  observe(stateId: string, bytes: Uint8Array, known: KnownSnapshot | undefined): ObservedState;
  /** Version of everything a redaction rests on: policy, key epoch and taint. */
  knowledge(): string;
  reRedact(stateId: string): ReRedact;
  reRedactOutput(stateId: string): ReRedactOutput;
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
  return {
    knowledge,
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
        bodyBefore: (address, deposed) => {
          const row = known && states.snapshot(stateId, address, deposed);
          return row && parseBody(row.body);
        },
        outputBefore: (name) => outputs.get(name),
      });
      states.addTaint(result.learned);
      return result.observed;
    },
    reRedact: (stateId) => (address, body, other) =>
      redactAgain(body, { other, policy, taint, keys, stateId, address }),
    reRedactOutput: (stateId) => (name, output, other) =>
      redactOutputAgain(output, { other, policy, taint, keys, stateId, name }),
    reload() {
      taint = new TaintSet(keys.equalityKey, states.taint());
    },
  };
}
