// A recorder with a watched state and runs that leave theirs: sightings and deliveries as source and spool make them.
import type { RunFinishedObservation } from '../../daemon/record/run.ts';
import type { Attachment } from '../../daemon/record/run.ts';
import type { ClientObservation } from '../../daemon/record/run.ts';
import { BARE_SIGHTING, type StateSighting } from '../../daemon/sources/source.ts';
import { packParcel } from '../../daemon/spool/parcel.ts';
import type { SpoolDelivery } from '../../daemon/spool/reader.ts';
import type { JsonObject } from '../../daemon/json/value.ts';
import { parseRecord, type ParsedRecord } from '../../daemon/record/record.ts';
import type { LogHarness } from './log-harness.ts';
import { runFinished, testId } from './spool-scene.ts';

export const REFERENCE = 's3://states/network.tfstate';
const LINEAGE = '11111111-2222-4333-8444-555555555555';

export interface SceneState {
  readonly serial: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Attribute paths Terraform marks, in the given order. */
  readonly marks?: readonly string[];
  readonly secret?: string;
  readonly lineage?: string;
}

export function stateBytes({ serial, tags, marks = [], secret = 'none-yet-0', lineage = LINEAGE }: SceneState): Buffer {
  const resource = {
    mode: 'managed',
    type: 'aws_instance',
    name: 'web',
    provider: 'provider["registry.terraform.io/hashicorp/aws"]',
    instances: [
      {
        schema_version: 0,
        attributes: { id: 'i-0a1b2c3d', instance_type: 't3.micro', ...tags, user_data: secret, key_name: 'ops' },
        sensitive_attributes: marks.map((value) => [{ type: 'get_attr', value }]),
      },
    ],
  };
  const head = { version: 4, terraform_version: '1.11.4', serial, lineage, outputs: {} };
  return Buffer.from(`${JSON.stringify({ ...head, resources: [resource], check_results: null })}\n`);
}

/** What a versioned bucket shows of one version. */
export function storeSighting(bytes: Buffer, effectiveMs: number, uri = REFERENCE): StateSighting {
  return {
    ...BARE_SIGHTING,
    reference: { uri, workspace: 'default' },
    condition: 'state',
    sourceVersion: `v-${effectiveMs}-${bytes.length}`,
    bytes,
    effectiveTime: new Date(effectiveMs).toISOString(),
    timeBasis: 'store',
  };
}

export function observe(log: LogHarness, bytes: Buffer, effectiveMs = log.clock.ms, isInitial = false): void {
  log.methods.observe(storeSighting(bytes, effectiveMs), {
    source: 'bucket',
    nameCandidates: ['network'],
    isInitial,
    isFinalAttempt: true,
  });
}

export async function toDelivery(
  observation: ClientObservation,
  attachments: readonly Attachment[] = [],
  uid = 1001,
): Promise<SpoolDelivery> {
  return { key: observation.key, uid, parcel: await packParcel(observation, attachments) };
}

/** A run that ended at the clock's time and took 30 s, at the scene's reference. */
export function endedRun(log: LogHarness, number: number, changes: Partial<RunFinishedObservation> = {}) {
  const time = new Date(log.clock.ms).toISOString();
  const startedAt = new Date(log.clock.ms - 30_000).toISOString();
  const backend = { type: 's3', workspace: 'default', reference: REFERENCE, statePath: '' };
  return runFinished(number, { time, startedAt, durationMs: 30_000, run: testId(5_000 + number), backend, ...changes });
}

export async function ingest(
  log: LogHarness,
  observation: ClientObservation,
  state?: Buffer,
  uid?: number,
): Promise<void> {
  const attachments = state === undefined ? [] : [{ kind: 'state', bytes: state } as const];
  log.methods.ingest(await toDelivery(observation, attachments, uid));
}

/** Closes what is quiet. */
export function settle(log: LogHarness): void {
  log.clock.ms += 11_000;
  log.methods.tick();
}

export function recordsOf(log: LogHarness, type?: string): ParsedRecord[] {
  return log.read(({ entries }) =>
    [...entries.range(0, entries.size())]
      .map(({ line }) => parseRecord(line))
      .filter((record) => type === undefined || record.type === type),
  );
}

export function dataOf(log: LogHarness, type: string): JsonObject[] {
  return recordsOf(log, type).map(({ data }) => data);
}
