// The S3 archive on a real store: Ceph's gateway with Object Lock. What the port promises, and what the lock holds.
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { expect } from 'chai';
import type { Archive, Receipt, Retention, RetentionMode } from '../../daemon/archive/archive.ts';
import { sha256Hex } from '../../daemon/archive/key.ts';
import { openS3Archive } from '../../daemon/archive/s3.ts';
import { bytes, created, describeArchiveContract, expectError, listed, text } from '../archive/contract.ts';
import { howToInstallCeph, isCephInstalled, startCeph, type Ceph, type CephUser } from '../support/ceph.ts';
import { requireComponent } from '../support/components.ts';

const dayMs = 86_400_000;
const bucket = 'evidence';

describe('s3 archive on Ceph', function () {
  this.timeout(120_000);
  let ceph: Ceph;
  let client: S3Client;
  const ends: (() => Promise<void>)[] = [];
  let prefixCount = 0;

  before(async function () {
    requireComponent(this, 'Ceph', isCephInstalled(), howToInstallCeph);
    ceph = await startCeph();
    ends.push(() => ceph.close());
    client = clientOf(ceph, ceph.adminUser);
    ends.unshift(() => Promise.resolve(client.destroy()));
    await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
  });

  after(async () => {
    for (const end of ends) await end();
  });

  const open = (options: { prefix?: string; bucket?: string; user?: CephUser; pageSize?: number } = {}) => {
    const credentials = options.user ?? ceph.adminUser;
    const prefix = options.prefix ?? `test-${prefixCount++}`;
    return openS3Archive({ bucket, endpoint: ceph.endpoint, ...options, prefix, credentials });
  };

  const nothing = () => Promise.resolve();
  describeArchiveContract('s3 on Ceph', async () => ({ archive: await open(), close: nothing }), {
    ignoresConditions: true,
  });
  describeArchiveContract(
    's3 on Ceph, pages of 2',
    async () => ({ archive: await open({ pageSize: 2 }), close: nothing }),
    {
      ignoresConditions: true,
    },
  );

  for (const mode of ['GOVERNANCE', 'COMPLIANCE'] as const) {
    it(`receipts say ${mode} and until when, by the clock of the store`, async () => {
      const archive = await open();
      const receipt = await locked(archive, { mode, days: 30 });
      expect(receipt.mode).to.equal(mode);
      const lockedMs = Date.parse(receipt.retainUntil) - Date.parse(receipt.lastModified);
      expect(lockedMs).to.be.within(30 * dayMs, 30 * dayMs + 120_000);
      const lock = await archive.readLock(receipt.key, receipt.versionId);
      expect({ ...lock, sha256: receipt.sha256 }).to.deep.equal(receipt);
      await archive.close();
    });

    it(`${mode}: the store lets nobody delete the version or shorten its lock`, async () => {
      const archive = await open({ prefix: `lock-${mode.toLowerCase()}` });
      const receipt = await locked(archive, { mode, days: 30 });
      const version = {
        Bucket: bucket,
        Key: `lock-${mode.toLowerCase()}/${receipt.key}`,
        VersionId: receipt.versionId,
      };
      expect(await statusOf(client.send(new DeleteObjectCommand(version)))).to.equal(403);
      expect(await statusOf(client.send(shorten(version, mode)))).to.equal(403);
      if (mode === 'COMPLIANCE') {
        const bypass = { ...version, BypassGovernanceRetention: true };
        expect(await statusOf(client.send(new DeleteObjectCommand(bypass)))).to.equal(403);
        expect(await statusOf(client.send(shorten(bypass, mode)))).to.equal(403);
      }
      expect(text(await archive.get(receipt.key, receipt.versionId))).to.equal('sealed');
      await archive.close();
    });
  }

  it('shows what is laid over a locked object, and still reads the object', async () => {
    const archive = await open({ prefix: 'over' });
    const receipt = await locked(archive, { mode: 'COMPLIANCE', days: 1 });
    const target = { Bucket: bucket, Key: `over/${receipt.key}` };
    await client.send(new PutObjectCommand({ ...target, Body: 'forged' }));
    await client.send(new DeleteObjectCommand(target));
    const versions = await archive.versions(receipt.key);
    expect(versions).to.have.length(3);
    expect(versions[0]).to.include({ isDeleteMarker: true, isLatest: true });
    expect(versions.some(({ versionId }) => versionId === receipt.versionId)).to.equal(true);
    expect(text(await archive.get(receipt.key, receipt.versionId))).to.equal('sealed');
    await expectError(archive.get(receipt.key, versions[0]?.versionId ?? ''), 'archive-object-missing');
    expect(await listed(archive, '')).to.deep.equal([receipt.key, receipt.key, receipt.key]);
    await archive.close();
  });

  it('lists keys that XML cannot carry, in order', async () => {
    const archive = await open({ prefix: 'odd', pageSize: 2 });
    const names = ['a\u001b[31m', 'b <&> "', 'c+d e', 'd%2e', 'é', '\u{1F600}'];
    for (const name of names)
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: `odd/${name}`, Body: 'x' }));
    expect(await listed(archive, '')).to.deep.equal(names);
    await archive.close();
  });

  it('carries an object of 20 MB', async () => {
    const archive = await open();
    const body = new Uint8Array(20_000_000).map((_, index) => index * 31);
    const receipt = await created(archive, 'big', body);
    expect(sha256Hex(await archive.get('big', receipt.versionId))).to.equal(sha256Hex(body));
    await archive.close();
  });

  it('says what is wrong with bucket, credentials and rights', async () => {
    const stranger = await ceph.createUser('stranger');
    const put = (archive: Archive) =>
      archive.put('a', bytes('x'), sha256Hex(bytes('x')), { mode: 'GOVERNANCE', days: 1 });
    const cases: readonly (readonly [Archive, string])[] = [
      [await open({ bucket: 'no-such-bucket' }), 'archive-missing'],
      [await open({ user: stranger }), 'archive-denied'],
      [await open({ user: { ...stranger, secretAccessKey: 'wrong' } }), 'archive-credentials'],
      [await open({ user: { ...stranger, accessKeyId: 'nobody' } }), 'archive-credentials'],
    ];
    for (const [archive, code] of cases) {
      const error = await expectError(put(archive), code);
      expect(error.message).not.to.contain(stranger.accessKeyId);
      await archive.close();
    }
  });

  it('refuses a bucket without versions, and one without Object Lock', async () => {
    await client.send(new CreateBucketCommand({ Bucket: 'plain' }));
    const archive = await open({ bucket: 'plain' });
    await expectError(created(archive, 'a', bytes('x')), 'archive-not-versioned');
    const refused = archive.put('b', bytes('x'), sha256Hex(bytes('x')), { mode: 'GOVERNANCE', days: 1 });
    await expectError(refused, 'archive-refused');
    await archive.close();
  });
});

function clientOf(ceph: Ceph, credentials: CephUser): S3Client {
  return new S3Client({ endpoint: ceph.endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
}

async function locked(archive: Archive, retention: Retention): Promise<Receipt> {
  const body = bytes('sealed');
  const result = await archive.put('log/seal/0', body, sha256Hex(body), retention);
  if (result.outcome !== 'created') throw new Error('expected created');
  return result.receipt;
}

function shorten(
  version: { Bucket: string; Key: string; VersionId: string },
  mode: RetentionMode,
): PutObjectRetentionCommand {
  const until = new Date(Date.now() + dayMs);
  return new PutObjectRetentionCommand({ ...version, Retention: { Mode: mode, RetainUntilDate: until } });
}

async function statusOf(result: Promise<unknown>): Promise<number> {
  const error: unknown = await result.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  const metadata: unknown = error instanceof Error && '$metadata' in error ? error.$metadata : undefined;
  const status: unknown =
    typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'httpStatusCode') : 0;
  return typeof status === 'number' ? status : 0;
}
