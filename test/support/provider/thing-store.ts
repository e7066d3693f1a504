// The world behind the scripted provider: things that exist, and what was done to them. A test mutates
// `objects` to simulate drift and reads `operations` as its oracle. Knows nothing of gRPC.
import { setTimeout as delay } from 'node:timers/promises';
import { isUnknown, textOf, type CtyObject } from './cty-value.ts';
import { thingAttributeNames } from './schema.ts';

export type OperationKind = 'create' | 'update' | 'delete';

/** One operation Terraform asked for, in the order asked; `outcome` is filled in as it ends. */
export interface Operation {
  readonly kind: OperationKind;
  /** The thing's `name`, or '' where it has none. */
  readonly name: string;
  outcome: 'running' | 'done' | 'failed' | 'abandoned';
}

/** What a test may change while the provider runs. */
export interface Switches {
  /** Answer as a provider on the old SDK, which may deviate from its own plan. */
  legacyTypeSystem: boolean;
  /** Called on what is planned of a thing that is to be there: what a provider knows better than the configuration. */
  foresee: ((thing: CtyObject) => CtyObject) | undefined;
  /** Called on what create and update are about to store: a deviation from the plan. */
  adjust: ((thing: CtyObject) => CtyObject) | undefined;
}

export interface ThingStore {
  readonly objects: Map<string, CtyObject>;
  readonly operations: readonly Operation[];
  /** Write-only values that reached the provider, by id: the proof that a canary was really sent. */
  readonly writeOnlySeen: Map<string, string>;
  readonly switches: Switches;
  /** Does one operation: the resulting thing (null once deleted) and the error text of a scripted failure. */
  operate(kind: OperationKind, prior: CtyObject | null, planned: CtyObject | null, secretWo: string): Promise<Outcome>;
  /** Resolves when an operation of this kind on a thing of this name has begun (or had begun). */
  readonly started: (kind: OperationKind, name: string) => Promise<void>;
  /** Abandons operations still waiting out their `delay_ms`. */
  close(): void;
}

export interface Outcome {
  readonly thing: CtyObject | null;
  readonly error?: string;
}

/** A complete thing: whatever is not given is null, and `setting` is empty. */
export function createThing(values: CtyObject & { readonly id: string }): CtyObject {
  const empty = Object.fromEntries(thingAttributeNames.map((name) => [name, null]));
  return { ...empty, setting: [], token: tokenOf(values.id), ...values };
}

/** The sensitive computed `token` of a thing: recognisable wherever it must not turn up. */
export function tokenOf(id: string): string {
  return `TOKEN-SECRET-${id}`;
}

export function createThingStore(objects: Map<string, CtyObject>): ThingStore {
  const operations: Operation[] = [];
  const waiting = new Set<() => void>();
  const closing = new AbortController();
  let lastNumber = 0;
  const switches: Switches = { legacyTypeSystem: false, foresee: undefined, adjust: undefined };
  const writeOnlySeen = new Map<string, string>();

  function begin(kind: OperationKind, name: string): Operation {
    const operation: Operation = { kind, name, outcome: 'running' };
    operations.push(operation);
    for (const check of waiting) check();
    return operation;
  }

  async function operate(...[kind, prior, planned, secretWo]: Parameters<ThingStore['operate']>): Promise<Outcome> {
    const subject = planned ?? prior ?? {};
    const operation = begin(kind, textOf(subject['name']));
    const waited = await waitOut(Number(subject['delay_ms'] ?? 0), closing.signal);
    if (!waited) {
      operation.outcome = 'abandoned';
      return { thing: prior, error: 'the provider was closed' };
    }
    const failed = subject['fail_on'] === kind;
    operation.outcome = failed ? 'failed' : 'done';
    const thing =
      failed && kind !== 'create' ? prior : kind === 'delete' ? remove(prior) : store(planned ?? {}, secretWo);
    return failed ? { thing, error: failureText(kind, subject) } : { thing };
  }

  /** Ids count up and are never used twice, so that a replaced thing has another one. */
  function freshId(): string {
    do lastNumber += 1;
    while (objects.has(`thing-${lastNumber}`));
    return `thing-${lastNumber}`;
  }

  function store(planned: CtyObject, secretWo: string): CtyObject {
    const id = isUnknown(planned['id']) ? freshId() : textOf(planned['id']);
    const whole: CtyObject = { ...planned, id, token: tokenOf(id), secret_wo: null };
    const thing = switches.adjust?.(whole) ?? whole;
    objects.set(id, thing);
    if (secretWo !== '') writeOnlySeen.set(id, secretWo);
    return thing;
  }

  function remove(prior: CtyObject | null): null {
    objects.delete(textOf(prior?.['id']));
    return null;
  }

  function started(kind: OperationKind, name: string): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!operations.some((operation) => operation.kind === kind && operation.name === name)) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  }

  return { objects, operations, writeOnlySeen, switches, operate, started, close: () => closing.abort() };
}

/** Real providers quote what they were given; so does this one, secret included. */
function failureText(kind: OperationKind, subject: CtyObject): string {
  return `scripted ${kind} failure of ${textOf(subject['name'])}: secret=${textOf(subject['secret'])}`;
}

/** False when cut short by `close`. */
async function waitOut(delayMs: number, signal: AbortSignal): Promise<boolean> {
  if (delayMs > 0) await delay(delayMs, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}
