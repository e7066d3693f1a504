// Raw state → redacted observation, in two passes: first every secret in it is learned, then everything is redacted
// under all that is known. Raw content lives in arguments and locals only. Knows nothing of records or stores.
import type { Json } from '../json/value.ts';
import type {
  HiddenValue,
  InstanceBody,
  ObservedInstance,
  ObservedOutput,
  ObservedState,
} from '../record/observation.ts';
import type { EncryptedState, StateInstance, StateOutput, TerraformState } from '../terraform/state.ts';
import { AddressKeys } from './address-keys.ts';
import type { RedactionPolicy } from './allow-list.ts';
import { collectPrivateSecrets, collectSecrets } from './collect.ts';
import { Digester, type InstanceDigest } from './instance-digest.ts';
import { fileCommitment, stateKey, Tagger, type RedactionKeys } from './keys.ts';
import { instanceMarks, outputMarks, rebuiltSecrets } from './known-marks.ts';
import { redactTree } from './redact.ts';
import { HiddenSealer } from './seal-hidden.ts';
import { TaintSet, type TaintEntry } from './taint.ts';
import { touchesTaint } from './touches.ts';

export interface StateContext {
  /** The state's random id: its key derives from it. */
  readonly stateId: string;
  readonly keys: RedactionKeys;
  readonly policy: RedactionPolicy;
  /** Learns while the state is read. */
  readonly taint: TaintSet;
  /** The bytes the state was parsed from, for the published commitment. */
  readonly rawBytes: Uint8Array;
  /** Raw tags of the snapshot this observation builds on, by `<address>\0<deposed key or ''>`. */
  readonly known?: ReadonlyMap<string, string> | undefined;
  /** True while that snapshot was redacted under the policy, key epoch and taint of now. */
  readonly isKnowledgeCurrent?: (() => boolean) | undefined;
  /** The snapshot's body: what a mark hid there stays hidden, whatever the new version marks. */
  readonly bodyBefore?:
    ((address: string, deposed: string, like: InstanceLikeness) => InstanceBody | undefined) | undefined;
  readonly outputBefore?: ((name: string) => Pick<ObservedOutput, 'hidden'> | undefined) | undefined;
}

/** By what an instance is known again at another address. */
export type InstanceLikeness = Pick<InstanceBody, 'type' | 'contentTag' | 'idTag'>;

export interface RedactedState {
  readonly observed: ObservedState;
  /** Taint that is new with this state, to be stored in the transaction of its records. */
  readonly learned: readonly TaintEntry[];
  /** Scalars shown and values hidden, in the bodies and outputs made now. */
  readonly shownCount: number;
  readonly hiddenCount: number;
}

export function redactState(state: TerraformState, context: StateContext): RedactedState {
  return new StateRedactor(context).redact(state);
}

/** The tag of a state's meaning alone, as an observation has it: learns nothing and shows nothing. */
export function contentTagOf(
  state: TerraformState | EncryptedState,
  bytes: Uint8Array,
  { equalityKey }: Pick<RedactionKeys, 'equalityKey'>,
): string {
  const digester = new Digester(equalityKey);
  if (state.kind === 'encrypted') return digester.opaque(bytes);
  const managed = state.instances.filter(({ mode }) => mode === 'managed');
  const digests = managed.map((instance) => [instance, digester.instance(instance)] as const);
  return digester.state(digests, state.outputs, new Tagger(equalityKey));
}

/** A state under encryption: its versions can be told apart, nothing else. */
export function observeEncrypted(
  state: EncryptedState,
  bytes: Uint8Array,
  { stateId, keys }: Pick<StateContext, 'stateId' | 'keys'>,
): ObservedState {
  return {
    form: 'opaque',
    toolVersion: '',
    serial: state.serial,
    lineage: state.lineage,
    contentTag: new Digester(keys.equalityKey).opaque(bytes),
    kid: keys.epoch.kid,
    commitment: fileCommitment(stateKey(keys.epoch.key, stateId), bytes),
    instances: [],
    outputs: [],
  };
}

/** One managed instance with what is known of it before it is redacted. */
interface Subject {
  readonly instance: StateInstance;
  readonly digest: InstanceDigest;
  /** As published: covered index keys replaced. */
  readonly address: string;
  readonly deposed: string;
  /** Same content as in the snapshot. */
  readonly isKnown: boolean;
}

class StateRedactor {
  readonly #context: StateContext;
  readonly #sealer: HiddenSealer;
  readonly #digester: Digester;
  readonly #addressKeys: AddressKeys;
  readonly #learned: TaintEntry[] = [];
  /** Some instance of the snapshot was rebuilt from the log, and has no raw tag. */
  readonly #isRebuilt: boolean;
  #shownCount = 0;
  #hiddenCount = 0;

  constructor(context: StateContext) {
    this.#context = context;
    this.#sealer = new HiddenSealer(context.keys, context.stateId);
    this.#digester = new Digester(context.keys.equalityKey);
    this.#isRebuilt = context.known !== undefined && [...context.known.values()].includes('');
    this.#addressKeys = new AddressKeys(context.taint, this.#sealer.committer);
  }

  redact(state: TerraformState): RedactedState {
    const { keys, stateId, rawBytes } = this.#context;
    const isCurrent = this.#context.isKnowledgeCurrent?.() ?? false;
    const managed = state.instances.filter(({ mode }) => mode === 'managed');
    const digests = new Map(managed.map((instance) => [instance, this.#digester.instance(instance)]));
    this.#learn(state, digests, isCurrent);
    const subjects = [...digests].map(([instance, digest]) => this.#toSubject(instance, digest));
    const observed: ObservedState = {
      form: 'clear',
      toolVersion: state.toolVersion,
      serial: state.serial,
      lineage: state.lineage,
      contentTag: this.#digester.state(digests, state.outputs, this.#sealer.tagger),
      kid: keys.epoch.kid,
      commitment: fileCommitment(stateKey(keys.epoch.key, stateId), rawBytes),
      instances: this.#instances(subjects, isCurrent),
      outputs: state.outputs.map((output) => this.#output(output)),
    };
    return { observed, learned: this.#learned, shownCount: this.#shownCount, hiddenCount: this.#hiddenCount };
  }

  /** First pass. What is known under current knowledge taught all it can when it was first seen. */
  #learn(state: TerraformState, digests: ReadonlyMap<StateInstance, InstanceDigest>, isCurrent: boolean): void {
    const { policy, taint, outputBefore } = this.#context;
    const learn = (secret: string): void => void this.#learned.push(...taint.learn(secret));
    const privates = new Set<string>();
    for (const instance of state.instances) {
      const digest = digests.get(instance);
      if (isCurrent && digest && this.#toSubject(instance, digest).isKnown) continue;
      const marks = instanceMarks(instance.attributes, instance.sensitivePaths, this.#rebuilt(instance, digest));
      collectSecrets(instance.attributes, { policy, marks, schema: policy.schemaOf(instance.type), learn });
      if (instance.private !== undefined) privates.add(instance.private);
    }
    for (const encoded of privates) collectPrivateSecrets(encoded, { policy, learn });
    for (const { name, value, sensitive } of state.outputs) {
      collectSecrets(value, {
        policy,
        marks: outputMarks(sensitive, rebuiltSecrets(outputBefore?.(name)?.hidden)),
        key: name,
        learn,
      });
    }
  }

  /** Secrets of the stored body that only their paths tell of. */
  #rebuilt(instance: StateInstance, digest: InstanceDigest | undefined): readonly HiddenValue[] {
    if (digest === undefined || !this.#isRebuilt) return [];
    const { address, deposed } = this.#toSubject(instance, digest);
    const like = { type: instance.type, contentTag: digest.contentTag, idTag: this.#idTag(instance.attributes['id']) };
    return rebuiltSecrets(this.#context.bodyBefore?.(address, deposed, like)?.hidden);
  }

  #toSubject(instance: StateInstance, digest: InstanceDigest): Subject {
    const address = this.#addressKeys.hide(instance.address);
    const deposed = instance.deposed ?? '';
    const isKnown = this.#context.known?.get(`${address}\0${deposed}`) === digest.rawTag;
    return { instance, digest, address, deposed, isKnown };
  }

  /** Second pass. What is known, under knowledge that grew by other secrets only, needs no second look. */
  #instances(subjects: readonly Subject[], isCurrent: boolean): ObservedInstance[] {
    const grown = this.#learned.length === 0 ? undefined : new TaintSet(this.#context.keys.equalityKey, this.#learned);
    return subjects
      .map((subject) => {
        const { address, deposed, digest } = subject;
        const isSame = isCurrent && subject.isKnown && !(grown && touchesTaint(subject.instance.attributes, grown));
        return { address, deposed, rawTag: digest.rawTag, body: isSame ? undefined : this.#body(subject) };
      })
      .sort(byAddress);
  }

  #body({ instance, digest, address, deposed }: Subject): InstanceBody {
    const { policy, taint, bodyBefore } = this.#context;
    const { attributes, type } = instance;
    const { contentTag } = digest;
    const idTag = this.#idTag(attributes['id']);
    const before = bodyBefore?.(address, deposed, { type, contentTag, idTag });
    const marks = instanceMarks(attributes, instance.sensitivePaths, before?.hidden);
    const { value, hidden, shownCount } = redactTree(attributes, {
      policy,
      taint,
      marks,
      schema: policy.schemaOf(type),
    });
    return {
      type,
      provider: this.#addressKeys.hideInProvider(instance.provider),
      tainted: instance.tainted,
      createBeforeDestroy: instance.createBeforeDestroy,
      contentTag,
      idTag,
      attributes: value as InstanceBody['attributes'],
      hidden: this.#count(
        hidden.map((raw) => this.#sealer.seal(address, raw)),
        shownCount,
      ),
    };
  }

  #idTag(id: Json | undefined): string {
    return id === undefined || id === null ? '' : this.#sealer.tagger.value(id);
  }

  #output({ name, value, sensitive }: StateOutput): ObservedOutput {
    const { policy, taint, outputBefore } = this.#context;
    const marks = outputMarks(sensitive, outputBefore?.(name)?.hidden);
    const redacted = redactTree(value, { policy, taint, marks, key: name });
    const hidden = redacted.hidden.map((raw) => this.#sealer.seal(outputAddress(name), raw));
    return { name, sensitive, value: redacted.value, hidden: this.#count(hidden, redacted.shownCount) };
  }

  #count(hidden: readonly HiddenValue[], shownCount: number): readonly HiddenValue[] {
    this.#shownCount += shownCount;
    this.#hiddenCount += hidden.length;
    return hidden;
  }
}

/** The address that stands in the commitments of an output's values. */
export function outputAddress(name: string): string {
  return `output.${name}`;
}

function byAddress(a: ObservedInstance, b: ObservedInstance): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  return a.deposed < b.deposed ? -1 : a.deposed > b.deposed ? 1 : 0;
}
