// The scripted provider's answers to Terraform's calls: plan, apply, read, import, data. Pure translation
// between wire messages and the thing store; owns no server.
import { decodeObject, encodeValue, isUnknown, textOf, unknownValue } from './cty-value.ts';
import type { CtyObject, CtyValue, DynamicValue } from './cty-value.ts';
import { providerSchema } from './schema.ts';
import type { OperationKind, ThingStore } from './thing-store.ts';

/** A request as it arrives: each call reads only the members its message has. */
export interface CallRequest {
  readonly type_name?: string;
  readonly id?: string;
  readonly raw_state?: { readonly json: Uint8Array };
  readonly current_state?: DynamicValue;
  readonly prior_state?: DynamicValue;
  readonly proposed_new_state?: DynamicValue;
  readonly planned_state?: DynamicValue;
  readonly config?: DynamicValue;
  readonly private?: Uint8Array;
  readonly prior_private?: Uint8Array;
}

export type Call = (request: CallRequest) => object | Promise<object>;

/** What is planted in the private data of every thing: never to be seen outside a state. */
export function privateMarkerOf(id: string): string {
  return `PRIVATE-MARKER-${id}`;
}

/** All calls by name; `lookups` overrides the value a `scripted_lookup` finds under its key. */
export function createCalls(store: ThingStore, lookups: ReadonlyMap<string, string>): Readonly<Record<string, Call>> {
  const nothing = (): object => ({});
  return {
    GetProviderSchema: () => providerSchema,
    ValidateProviderConfig: nothing,
    ValidateResourceConfig: nothing,
    ValidateDataResourceConfig: nothing,
    ConfigureProvider: nothing,
    StopProvider: nothing,
    UpgradeResourceState: ({ raw_state }) => ({ upgraded_state: { json: raw_state?.json } }),
    ReadResource: (request) => readResource(store, request),
    PlanResourceChange: (request) => planChange(store, request),
    ApplyResourceChange: (request) => applyChange(store, request),
    ImportResourceState: (request) => importThing(store, request),
    ReadDataSource: (request) => readLookup(lookups, request),
  };
}

function readResource(store: ThingStore, request: CallRequest): object {
  const current = decodeObject(request.current_state ?? null);
  const found = store.objects.get(textOf(current?.['id']));
  return { new_state: encodeValue(found ?? null), private: request.private };
}

function planChange(store: ThingStore, request: CallRequest): object {
  const prior = decodeObject(request.prior_state ?? null);
  const planned = decodeObject(request.proposed_new_state ?? null);
  if (planned !== null) {
    planned['secret_wo'] = null;
    if (prior === null) Object.assign(planned, { id: unknownValue, token: unknownValue });
  }
  const renamed = prior !== null && planned !== null && !sameText(prior['name'], planned['name']);
  return {
    planned_state: encodeValue(planned === null ? null : (store.switches.foresee?.(planned) ?? planned)),
    planned_private: request.prior_private,
    requires_replace: renamed ? [{ steps: [{ attribute_name: 'name' }] }] : [],
    legacy_type_system: store.switches.legacyTypeSystem,
  };
}

async function applyChange(store: ThingStore, request: CallRequest): Promise<object> {
  const prior = decodeObject(request.prior_state ?? null);
  const planned = decodeObject(request.planned_state ?? null);
  const kind: OperationKind = planned === null ? 'delete' : prior === null ? 'create' : 'update';
  const secretWo = decodeObject(request.config ?? null)?.['secret_wo'];
  const { thing, error } = await store.operate(kind, prior, planned, typeof secretWo === 'string' ? secretWo : '');
  return {
    new_state: encodeValue(thing),
    private: privateOf(thing),
    diagnostics: error === undefined ? [] : [problem(`scripted failure on ${kind}`, error)],
    legacy_type_system: store.switches.legacyTypeSystem,
  };
}

function importThing(store: ThingStore, request: CallRequest): object {
  const found = store.objects.get(request.id ?? '');
  if (found === undefined) return { diagnostics: [problem('nothing to import', 'no thing has this id')] };
  const imported = { type_name: request.type_name, state: encodeValue(found), private: privateOf(found) };
  return { imported_resources: [imported] };
}

function readLookup(lookups: ReadonlyMap<string, string>, request: CallRequest): object {
  const key = textOf(decodeObject(request.config ?? null)?.['key']);
  const value = lookups.get(key) ?? `value of ${key}`;
  return { state: encodeValue({ id: `lookup-${key}`, key, value, secret: `LOOKUP-SECRET-${key}` }) };
}

function sameText(before: CtyValue | undefined, after: CtyValue | undefined): boolean {
  return !isUnknown(after) && before === after;
}

function privateOf(thing: CtyObject | null): Uint8Array {
  if (thing === null) return new Uint8Array();
  const marker = privateMarkerOf(textOf(thing['id']));
  return new TextEncoder().encode(JSON.stringify({ marker, secret: thing['secret'] ?? null }));
}

function problem(summary: string, detail: string): object {
  return { severity: 'ERROR', summary, detail };
}
