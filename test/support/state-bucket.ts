// A versioned bucket on a real store that Terraform keeps states in, and what a log says of them: changes reduced to what
// must be the same however they were seen.
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { createBatches } from '../../daemon/store/batches.ts';
import { openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { createQueries } from '../../daemon/store/queries.ts';
import type { StoredRecord } from '../../daemon/store/queries-summary.ts';
import type { Ceph } from './ceph.ts';
import { terraformPath } from './terraform.ts';

export const STATES = 'states';

export interface StateBucket {
  readonly client: S3Client;
  /** For a process of stateseal that reads the bucket. */
  readonly env: Readonly<Record<string, string>>;
  readonly endpoint: string;
}

export async function openStateBucket(ceph: Ceph): Promise<StateBucket> {
  const { accessKeyId, secretAccessKey } = ceph.adminUser;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint: ceph.endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket: STATES }));
  await client.send(new PutBucketVersioningCommand({ Bucket: STATES, VersioningConfiguration: { Status: 'Enabled' } }));
  const env = {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  return { client, env, endpoint: ceph.endpoint };
}

/** A working directory of somebody: root, or the uid that is given. */
export interface Workplace {
  readonly dir: string;
  readonly uid: number | undefined;
}

export async function openWorkplace(bucket: StateBucket, dir: string, key: string, uid?: number): Promise<Workplace> {
  await mkdir(dir, { recursive: true });
  await chmod(dir, 0o755);
  const { AWS_ACCESS_KEY_ID: access = '', AWS_SECRET_ACCESS_KEY: secret = '' } = bucket.env;
  const backend = `terraform {
  backend "s3" {
    bucket = "${STATES}"
    key = "${key}"
    region = "us-east-1"
    endpoints = { s3 = "${bucket.endpoint}" }
    access_key = "${access}"
    secret_key = "${secret}"
    use_path_style = true
    use_lockfile = true
    skip_credentials_validation = true
    skip_metadata_api_check = true
    skip_region_validation = true
    skip_requesting_account_id = true
    skip_s3_checksum = true
  }
}
`;
  await writeFile(join(dir, 'backend.tf'), backend);
  if (uid !== undefined) await chown(dir, uid, uid);
  const place = { dir, uid };
  await run(place, 'init', '-no-color');
  return place;
}

export async function configure({ dir, uid }: Workplace, text: string): Promise<void> {
  await writeFile(join(dir, 'main.tf'), text);
  if (uid !== undefined) await chown(join(dir, 'main.tf'), uid, uid);
}

/** Terraform to its end; its standard output. Rejects with what it printed. */
export async function run({ dir, uid }: Workplace, ...args: readonly string[]): Promise<string> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: dir,
    TF_IN_AUTOMATION: '1',
    TF_INPUT: '0',
    CHECKPOINT_DISABLE: '1',
  };
  const identity = uid === undefined ? {} : { uid, gid: uid };
  const { stdout } = await promisify(execFile)(terraformPath() ?? '', [...args], {
    cwd: dir,
    env,
    timeout: 120_000,
    ...identity,
  });
  return stdout;
}

export function apply(place: Workplace, ...args: readonly string[]): Promise<string> {
  return run(place, 'apply', '-auto-approve', '-no-color', ...args);
}

/** Every record of a log. */
export function readLog(dataDir: string): readonly StoredRecord[] {
  const database = openDatabaseReadOnly(join(dataDir, 'log.sqlite'));
  try {
    const queries = createQueries(database, createBatches(database));
    return Array.from({ length: queries.size() }, (_, leafIndex) => queries.readRecord(leafIndex)).flatMap(
      (one) => one ?? [],
    );
  } finally {
    database.close();
  }
}

/** A change with its steps, without what two recorders never share: ids, keyed digests, the time of recording. */
export function toChanges(records: readonly StoredRecord[]): readonly object[] {
  const steps = records.filter(({ record }) => record.type === 'resource.changed' || record.type === 'output.changed');
  const named = records.filter(({ record }) => record.type === 'state.changed' || record.type === 'state.retired');
  return named
    .map(({ record }) => {
      const { data, type, subject, id } = record;
      const { kind, kindBasis, continuity, serials, counts, claims, lock, before, effectiveTime, timeBasis, reason } =
        data;
      const version = data['version'] as { readonly sourceVersion?: string } | undefined;
      const own = steps.filter(({ record: step }) => step.data['change'] === id);
      return {
        ...{
          type,
          subject,
          kind,
          kindBasis,
          continuity,
          serials,
          counts,
          claims,
          lock,
          before,
          effectiveTime,
          timeBasis,
          reason,
        },
        sourceVersion: version?.sourceVersion,
        source: (data['vantage'] as { readonly source: string }).source,
        steps: own.map(({ record: step }) =>
          JSON.stringify([step.subject, step.data['actions'], step.data['effectiveTime']]),
        ),
      };
    })
    .toSorted((a, b) => Date.parse(a.effectiveTime as string) - Date.parse(b.effectiveTime as string));
}
