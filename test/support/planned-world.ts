// A watched directory of a test with saved plans in it: states and plans of things with a size and a secret, as sightings
// of both, and the judgements that the recorder makes of them.
import { contentOf } from '../../daemon/sources/plan-files.ts';
import type { JsonObject } from '../../daemon/json/value.ts';
import type { LogHarness } from './log-harness.ts';
import { writePlan, writePlanArchive, type WrittenInstance } from './plan-writer.ts';
import { dataOf, settle, storeSighting } from './run-scene.ts';

const PROVIDER = 'provider["registry.terraform.io/example/scripted"]';
export const LINEAGE = '3f7c1a2e-5b6d-4c8e-9f01-23456789abcd';
export const STATE = 'dir:infra/app/terraform.tfstate';
export const PLAN = 'dir:infra/app/tfplan';

export interface Thing {
  readonly size: number;
  readonly secret?: string;
}

export interface WorldState {
  readonly serial: number;
  readonly things: Readonly<Record<string, Thing>>;
  readonly lineage?: string;
}

const attributesOf = ({ size, secret = 'none' }: Thing) => ({ size, password: secret });

export function worldState({ serial, things, lineage = LINEAGE }: WorldState): Buffer {
  const resources = Object.entries(things).map(([name, thing]) => ({
    mode: 'managed',
    ...{ type: 'scripted_thing', name, provider: PROVIDER },
    instances: [
      {
        schema_version: 0,
        attributes: attributesOf(thing),
        sensitive_attributes: [[{ type: 'get_attr', value: 'password' }]],
      },
    ],
  }));
  const head = { version: 4, terraform_version: '1.11.4', serial, lineage, outputs: {} };
  return Buffer.from(`${JSON.stringify({ ...head, resources, check_results: null })}\n`);
}

export interface WorldPlan {
  readonly from: WorldState;
  readonly to: WorldState['things'];
  readonly workspace?: string;
  /** The state as the plan found it, where it is another. */
  readonly found?: WorldState;
  /** It does not say that it found another. */
  readonly isSilent?: boolean;
}

export function worldPlan({ from, to, workspace = 'default', found = from, isSilent = false }: WorldPlan): Buffer {
  const drift = isSilent ? [] : changesOf(from.things, found.things);
  const backend = { type: 'local', workspace, config: { path: null, workspace_dir: null } };
  const tfplan = writePlan({ toolVersion: '1.11.4', backend, changes: changesOf(found.things, to), drift });
  return writePlanArchive({ tfplan, tfstate: worldState(found) });
}

function changesOf(from: WorldState['things'], to: WorldState['things']): readonly WrittenInstance[] {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
  return names.flatMap((name): WrittenInstance[] => {
    const [before, after] = [from[name], to[name]].map((thing) => thing && attributesOf(thing));
    if (JSON.stringify(before) === JSON.stringify(after)) return [];
    const marks = [['password']];
    const sides = { beforeSensitive: before ? marks : [], afterSensitive: after ? marks : [] };
    const action = before === undefined ? 1 : after === undefined ? 5 : 3;
    const values = [before, after].filter((value) => value !== undefined);
    return [{ address: `scripted_thing.${name}`, provider: PROVIDER, action, values, ...sides }];
  });
}

export async function seePlan(log: LogHarness, bytes: Buffer, reference = PLAN, run?: string): Promise<string> {
  log.clock.ms += 1000;
  const sighting = {
    ...({ reference, sourceVersion: String(log.clock.ms), timeBasis: 'mtime', bytes, ownerUid: 1001 } as const),
    effectiveTime: new Date(log.clock.ms).toISOString(),
    ...(run === undefined ? {} : { run: { id: run, uid: 'uid:1001' } }),
    ...(await contentOf(bytes)),
  };
  return log.methods.observePlan(sighting).verdict;
}

export function seeState(log: LogHarness, state: WorldState, uri = STATE, isInitial = false): void {
  log.clock.ms += 1000;
  const sighting = { ...storeSighting(worldState(state), log.clock.ms, uri), timeBasis: 'mtime' as const };
  const context = { source: 'directory', nameCandidates: [uri.split('/').at(-2) ?? 'app'], isFinalAttempt: true };
  log.methods.observe(sighting, { ...context, isInitial });
}

/** The judgements of a change that is quiet by now, newest last. */
export function judgements(log: LogHarness): readonly JsonObject[] {
  settle(log);
  return dataOf(log, 'change.judged');
}
