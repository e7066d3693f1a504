// The shipped policy of the reader of states (docs/aws/state-reader.json) on a real store, as a user of its own: what the
// source of a bucket needs works, a recorder watches with it, and whatever changes anything is refused. Nothing is denied
// by the bucket here: what is refused is what the policy does not allow.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { openBucketClient } from '../../daemon/sources/bucket-client.ts';
import { allowOnCeph } from './aws-policies.ts';
import type { Ceph, CephUser } from './ceph.ts';
import { clientOf } from './ceph-store.ts';
import { formatMovingState } from './moving-state.ts';
import { readLog } from './state-bucket.ts';
import { spawnStateseal } from './stateseal-process.ts';

const BUCKET = 'states';
const PREFIX = 'network';
const KEY = `${PREFIX}/terraform.tfstate`;
const LOCK_KEY = `${KEY}.tflock`;
const LOCK = JSON.stringify({
  ...{ ID: '7b7e4f6e-0000-4000-8000-000000000001', Operation: 'OperationTypeApply', Info: '', Who: 'mona@laptop' },
  ...{ Version: '1.11.4', Created: '2026-01-01T00:00:00Z', Path: `${BUCKET}/${KEY}` },
});

/** Inside a suite that has a store; `open` is called once it runs. */
export function describeStateReader(open: () => Ceph): void {
  let ceph: Ceph;
  let user: CephUser;
  let owner: S3Client;
  let reader: S3Client;
  let folder: string;
  const versionIds: string[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-reader-'));
    ceph = open();
    user = await ceph.createUser('state-reader');
    [owner, reader] = [clientOf(ceph, ceph.adminUser), clientOf(ceph, user)];
    // Object Lock, so that a refused retention is a refused right and no missing feature.
    await owner.send(new CreateBucketCommand({ Bucket: BUCKET, ObjectLockEnabledForBucket: true }));
    const policy = allowOnCeph(BUCKET, PREFIX, new Map([['state-reader', user.uid]]));
    await owner.send(new PutBucketPolicyCommand({ Bucket: BUCKET, Policy: policy }));
    for (const serial of [1, 2]) versionIds.push(await put(KEY, formatMovingState(serial)));
    await put(LOCK_KEY, LOCK);
    await put(`env:/dev/${KEY}`, formatMovingState(1));
    await put('elsewhere/terraform.tfstate', formatMovingState(1));
  });
  after(() => {
    for (const client of [owner, reader]) (client as S3Client | undefined)?.destroy();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const put = async (Key: string, Body: string): Promise<string> =>
    (await owner.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }))).VersionId ?? '';

  it('lists, lists versions, reads and heads versions: states, workspaces, locks', async () => {
    const { accessKeyId, secretAccessKey } = user;
    const place = { bucket: BUCKET, prefix: '', endpoint: ceph.endpoint };
    const client = openBucketClient({ ...place, credentials: { accessKeyId, secretAccessKey } });
    try {
      const { objects } = await client.current(PREFIX, 10);
      expect(objects.map(({ key }) => key)).to.deep.equal([KEY, LOCK_KEY]);
      const workspaces = await client.current('env:/', 10);
      expect(workspaces.objects.map(({ key }) => key)).to.deep.equal([`env:/dev/${KEY}`]);
      expect([...(await client.keysSince(PREFIX, 0, 10))]).to.have.members([KEY, LOCK_KEY]);
      for (const [key, texts] of [
        [KEY, [formatMovingState(2), formatMovingState(1)]],
        [LOCK_KEY, [LOCK]],
        [`env:/dev/${KEY}`, [formatMovingState(1)]],
      ] as const) {
        const found = (await Array.fromAsync(client.versions(key))).flat();
        const read = await Promise.all(found.map(({ versionId }) => client.read(key, versionId, 100_000)));
        expect(
          read.map((bytes) => Buffer.from(bytes ?? []).toString()),
          key,
        ).to.deep.equal(texts);
        const Version = { Bucket: BUCKET, Key: key, VersionId: found[0]?.versionId };
        expect((await reader.send(new HeadObjectCommand(Version))).ContentLength).to.equal(texts[0].length);
      }
    } finally {
      await client.close();
    }
  });

  it('a recorder watches with it: versions, a workspace, a lock and its end', async () => {
    const dataDir = join(folder, 'data');
    const env = {
      ...{ AWS_ACCESS_KEY_ID: user.accessKeyId, AWS_SECRET_ACCESS_KEY: user.secretAccessKey, HOME: folder },
      ...{ AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' },
    };
    const config = join(folder, 'stateseal.yaml');
    const source = `uri: "s3://${BUCKET}/${PREFIX}", endpoint: "${ceph.endpoint}", pollSeconds: 1`;
    writeFileSync(config, `sources: [{ ${source} }]\nquietSeconds: 1\n`);
    const daemon = spawnStateseal(['watch', '--config', config, '--data-dir', dataDir, '--http', 'off'], { env });
    const until = async (type: string, count: number): Promise<void> => {
      let found = 0;
      for (const deadlineMs = Date.now() + 60_000; found < count && Date.now() < deadlineMs;) {
        found = readLog(dataDir).filter(({ record }) => record.type === type).length;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      expect(found, type).to.be.at.least(count);
    };
    try {
      await daemon.until(/ready/u);
      await until('state.baselined', 2);
      await put(KEY, formatMovingState(3));
      await owner.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: LOCK_KEY }));
      await until('state.changed', 1);
      await until('lock.released', 1);
    } finally {
      const { stderr } = await daemon.stop();
      expect(stderr).not.to.match(/denied|403/u);
    }
  });

  it('whatever changes anything, or lies elsewhere, is refused', async () => {
    const target = { Bucket: BUCKET, Key: KEY };
    const version = { ...target, VersionId: versionIds[0] };
    const until = new Date(Date.now() + 86_400_000);
    const attempts = {
      'put a state': new PutObjectCommand({ ...target, Body: 'x' }),
      'put a lock': new PutObjectCommand({ Bucket: BUCKET, Key: LOCK_KEY, Body: LOCK }),
      'put in a workspace': new PutObjectCommand({ Bucket: BUCKET, Key: `env:/dev/${KEY}`, Body: 'x' }),
      copy: new CopyObjectCommand({ Bucket: BUCKET, Key: `${PREFIX}/copy`, CopySource: `${BUCKET}/${KEY}` }),
      'begin an upload': new CreateMultipartUploadCommand(target),
      'lay a marker': new DeleteObjectCommand(target),
      'delete a version': new DeleteObjectCommand(version),
      'put a retention': new PutObjectRetentionCommand({
        ...version,
        Retention: { Mode: 'GOVERNANCE', RetainUntilDate: until },
      }),
      'put a hold': new PutObjectLegalHoldCommand({ ...version, LegalHold: { Status: 'ON' } }),
      'read a retention': new GetObjectRetentionCommand(version),
      'suspend versions': new PutBucketVersioningCommand({
        Bucket: BUCKET,
        VersioningConfiguration: { Status: 'Suspended' },
      }),
      'change the policy': new PutBucketPolicyCommand({ Bucket: BUCKET, Policy: '{}' }),
      'read elsewhere': new GetObjectCommand({ Bucket: BUCKET, Key: 'elsewhere/terraform.tfstate' }),
    };
    for (const [what, attempt] of Object.entries(attempts)) {
      const refused: unknown = await reader.send(attempt as PutObjectCommand).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refused, what).to.have.nested.property('$metadata.httpStatusCode', 403);
    }
    // The owner may: it is the policy that refuses.
    await owner.send(attempts['put a retention']);
  });
}
