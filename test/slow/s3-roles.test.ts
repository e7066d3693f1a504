// The shipped policies (docs/aws/) on a real store: the contract as the writer, and what verifier, auditor, keeper and
// the reader of states can and cannot do. Ceph's gateway evaluates bucket policies; what it does not know of the shipped one is printed.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { expect } from 'chai';
import type { Archive } from '../../daemon/archive/archive.ts';
import { sha256Hex } from '../../daemon/archive/key.ts';
import { openS3Archive } from '../../daemon/archive/s3.ts';
import { S3Keeper } from '../../daemon/archive/s3-keeper.ts';
import { extendLocks, type ExtendOptions, type ExtendReport } from '../../daemon/keeper/extend.ts';
import { verifyArchive } from '../../daemon/verify/verify-archive.ts';
import { bytes, created, describeArchiveContract, expectError } from '../archive/contract.ts';
import { deriveForCeph, type Role } from '../support/aws-policies.ts';
import { howToInstallCeph, isCephInstalled, startCeph, type Ceph, type CephUser } from '../support/ceph.ts';
import { requireComponent } from '../support/components.ts';
import { twentyRecords } from '../support/flip-bits.ts';
import { describeStateReader } from '../support/state-reader.ts';
import { runStateseal } from '../support/stateseal-process.ts';

const DAY_MS = 86_400_000;
const BUCKET = 'evidence';
const PREFIX = 'logs';
const USERS: readonly Role[] = ['writer', 'verifier', 'auditor', 'keeper'];
const EVERYTHING = { classes: ['structure', 'content'], hold: undefined, mode: undefined, isDryRun: false } as const;

describe('s3 roles on Ceph', function () {
  this.timeout(180_000);
  let ceph: Ceph;
  const users = new Map<Role, CephUser>();
  const clients = new Map<string, S3Client>();
  let prefixCount = 0;

  before(async function () {
    requireComponent(this, 'Ceph', isCephInstalled(), howToInstallCeph);
    ceph = await startCeph();
    for (const role of USERS) users.set(role, await ceph.createUser(role));
    const owner = clientOf(ceph.adminUser);
    await owner.send(new CreateBucketCommand({ Bucket: BUCKET, ObjectLockEnabledForBucket: true }));
    const { policy, notShown } = deriveForCeph(BUCKET, PREFIX, new Map(USERS.map((role) => [role, role])));
    await owner.send(new PutBucketPolicyCommand({ Bucket: BUCKET, Policy: policy }));
    console.log(`    not shown here, this store does not know their conditions: ${notShown.join(', ')}`);
  });
  after(async () => {
    for (const client of clients.values()) client.destroy();
    await (ceph as Ceph | undefined)?.close();
  });

  function clientOf(credentials: CephUser): S3Client {
    const known = clients.get(credentials.uid);
    const options = { endpoint: ceph.endpoint, region: 'us-east-1', forcePathStyle: true, credentials, maxAttempts: 1 };
    const client = known ?? new S3Client(options);
    clients.set(credentials.uid, client);
    return client;
  }
  const userOf = (role: Role): CephUser => users.get(role) ?? ceph.adminUser;
  const as = (role: Role): S3Client => clientOf(userOf(role));
  const newPrefix = (): string => `${PREFIX}/test-${(prefixCount += 1)}`;
  const options = (role: Role, prefix: string) => ({
    bucket: BUCKET,
    endpoint: ceph.endpoint,
    prefix,
    credentials: userOf(role),
  });
  const open = (role: Role, prefix: string): Promise<Archive> => openS3Archive(options(role, prefix));

  describeArchiveContract(
    's3 on Ceph, as the writer under the shipped policies',
    async () => ({ archive: await open('writer', newPrefix()), close: () => Promise.resolve() }),
    { ignoresConditions: true },
  );

  describe('the reader of states', () => describeStateReader(() => ceph));

  const log = twentyRecords();
  /** A sealed log, every object locked for two days. */
  const writeLog = async (prefix: string, objects = [...log.objects]): Promise<void> => {
    const archive = await open('writer', prefix);
    for (const [name, body] of objects) {
      await archive.put(`${log.folder}/${name}`, body, sha256Hex(body), { mode: 'GOVERNANCE', days: 2 });
    }
    await archive.close();
  };
  const extend = async (role: Role, prefix: string, more: Partial<ExtendOptions>): Promise<ExtendReport> => {
    const [archive, keeper] = [await open(role, prefix), new S3Keeper(options(role, prefix))];
    try {
      const given = { ...EVERYTHING, until: undefined, nowMs: Date.now(), ...more };
      return await extendLocks(archive, keeper, log.verifiers, given);
    } finally {
      await Promise.all([archive.close(), keeper.close()]);
    }
  };
  const inDays = (days: number): Date => new Date(Math.ceil(Date.now() / 1000) * 1000 + days * DAY_MS);

  it('the verifier verifies as locked, and cannot write, delete or extend', async () => {
    const prefix = newPrefix();
    await writeLog(prefix);
    const archive = await open('verifier', prefix);
    const report = await verifyArchive(archive, log.verifiers, { nowMs: Date.now() });
    expect(report).to.include({ integrity: 'pass', tier: 'locked' });
    await expectError(created(archive, 'junk', bytes('x')), 'archive-denied');
    await archive.close();
    const refused = await extend('verifier', prefix, { until: inDays(5) });
    expect(refused).to.include({ extendedCount: 0, failedCount: log.objects.size });
    const version = await anyVersion(prefix);
    expect(await statusOf(as('verifier').send(new DeleteObjectCommand(version)))).to.equal(403);
  });

  it('the keeper extends what verifies and nothing else, as often as it likes, and never shortens', async () => {
    const prefix = newPrefix();
    await writeLog(prefix);
    const writer = await open('writer', prefix);
    const junkKey = `${log.folder}/seal/${'0'.repeat(16)}`;
    const junk = await writer.put(junkKey, bytes('junk'), sha256Hex(bytes('junk')), { mode: 'GOVERNANCE', days: 1 });
    if (junk.outcome !== 'created') throw new Error('expected a store that ignores conditions');

    const dry = await extend('keeper', prefix, { until: inDays(9), isDryRun: true });
    expect(dry).to.include({ objectCount: log.objects.size, extendedCount: log.objects.size, failureCount: 0 });
    const structure = await extend('keeper', prefix, { until: inDays(9), classes: ['structure'] });
    expect(structure).to.include({ extendedCount: 2 * log.seals.length, failedCount: 0 });
    const rest = await extend('keeper', prefix, { until: inDays(8) });
    expect(rest).to.include({ extendedCount: log.objects.size - 2 * log.seals.length, failedCount: 0 });
    expect(rest.unchangedCount).to.equal(2 * log.seals.length);
    const again = await extend('keeper', prefix, { until: inDays(3) });
    expect(again).to.include({ extendedCount: 0, unchangedCount: log.objects.size, failedCount: 0 });
    for await (const { key, versionId } of writer.list('')) {
      const { retainUntil, mode } = await writer.readLock(key, versionId);
      const days = (Date.parse(retainUntil) - Date.now()) / DAY_MS;
      const wanted = versionId === junk.receipt.versionId ? 1 : /\/(?:seal|checkpoint)\//u.test(key) ? 9 : 8;
      expect(days, key).to.be.within(wanted - 0.05, wanted + 0.05);
      expect(mode).to.equal('GOVERNANCE');
    }
    await writer.close();
  });

  it('the keeper puts holds on and lifts them, and the verb says so', async () => {
    const prefix = newPrefix();
    await writeLog(prefix);
    expect(await extend('keeper', prefix, { hold: true })).to.include({ holdChangedCount: log.objects.size });
    expect(await extend('keeper', prefix, { hold: true })).to.include({ holdChangedCount: 0, failedCount: 0 });
    const key = ['--key', log.signer.vkey];
    const done = await stateseal('keeper', [
      'archive',
      'extend',
      `s3://${BUCKET}/${prefix}`,
      '--days',
      '6',
      '--legal-hold',
      'off',
      ...key,
    ]);
    expect(done.stderr).to.equal('');
    expect(done).to.include({ code: 0 });
    expect(done.stdout).to.contain(`${log.objects.size} extended, 0 already so, ${log.objects.size} holds changed`);
    const denied = await stateseal('verifier', [
      'archive',
      'extend',
      `s3://${BUCKET}/${prefix}`,
      '--days',
      '60',
      ...key,
    ]);
    expect(denied).to.include({ code: 1 });
    expect(denied.stderr).to.contain('[archive-denied]');
  });

  it('a change of mode is refused to the keeper, who cannot bypass; locks stay', async () => {
    const prefix = newPrefix();
    await writeLog(prefix);
    const args = ['archive', 'extend', `s3://${BUCKET}/${prefix}`, '--mode', 'COMPLIANCE', '--days', '5'];
    args.push('--key', log.signer.vkey);
    expect(
      (
        await stateseal(
          'keeper',
          args.filter((word) => word !== '--days' && word !== '5'),
        )
      ).code,
    ).to.equal(2);
    const unsure = await stateseal('keeper', args);
    expect(unsure).to.include({ code: 2 });
    expect(unsure.stderr).to.contain('cannot be undone');
    const refused = await stateseal('keeper', [...args, '--yes']);
    expect(refused).to.include({ code: 1 });
    expect(refused.stderr).to.contain('[archive-mode-kept]');
    const archive = await open('verifier', prefix);
    const report = await verifyArchive(archive, log.verifiers, { nowMs: Date.now() });
    expect(report.retention?.modes).to.deep.equal(['GOVERNANCE']);
    await archive.close();
  });

  it('the verifier watches: a kept checkpoint, junk named once it is there, and a log that shrank', async () => {
    const [prefix, shorter] = [newPrefix(), newPrefix()];
    await writeLog(prefix);
    // Another place with the same log, as if its newest seal had never been.
    const isOlder = ([name]: readonly [string, unknown]): boolean => !name.includes('0000000000000016');
    await writeLog(shorter, [...log.objects].filter(isOlder));
    const state = mkdtempSync(join(tmpdir(), 'stateseal-monitor-'));
    const flags = ['--key', log.signer.vkey, '--state', state, '--once', '--expiry-warning', '1h'];
    const round = (place: string) => stateseal('verifier', ['monitor', `s3://${BUCKET}/${place}`, ...flags]);
    try {
      const first = await round(prefix);
      expect(first.code, first.stderr).to.equal(0);
      const kept = readdirSync(state).map((name) => readFileSync(join(state, name), 'utf8'));
      expect(kept).to.include(log.seals.at(-1)?.checkpointNote);
      const writer = await open('writer', prefix);
      const junkKey = `${log.folder}/seal/${'0'.repeat(16)}`;
      await writer.put(junkKey, bytes('junk'), sha256Hex(bytes('junk')), { mode: 'GOVERNANCE', days: 2 });
      await writer.close();
      const second = await round(prefix);
      expect(second.code, second.stderr).to.equal(3);
      expect(second.stderr).to.contain('ALARM').and.to.contain('foreign-version');
      const third = await round(shorter);
      expect(third.code, third.stderr).to.equal(1);
      expect(third.stderr).to.match(/ALARM +(?:shrunk|since-shrunk)/u);
      expect(readdirSync(state).map((name) => readFileSync(join(state, name), 'utf8'))).to.include(
        log.seals.at(-1)?.checkpointNote,
      );
    } finally {
      rmSync(state, { recursive: true });
    }
  });

  it('nobody deletes, lays a marker, or bypasses, the owner of the bucket included', async () => {
    const prefix = newPrefix();
    await writeLog(prefix);
    const version = await anyVersion(prefix);
    const sooner = { Retention: { Mode: 'GOVERNANCE', RetainUntilDate: inDays(1) } } as const;
    const bypass = { BypassGovernanceRetention: true };
    for (const client of [...USERS.map(as), clientOf(ceph.adminUser)]) {
      const attempts = [
        new DeleteObjectCommand(version),
        new DeleteObjectCommand({ ...version, ...bypass }),
        new DeleteObjectCommand({ Bucket: version.Bucket, Key: version.Key }),
        new PutObjectRetentionCommand({ ...version, ...sooner }),
        new PutObjectRetentionCommand({ ...version, ...sooner, ...bypass }),
      ];
      for (const attempt of attempts) expect(await statusOf(client.send(attempt))).to.equal(403);
    }
  });

  it('keeper, verifier and auditor cannot put or begin an upload; nobody writes outside the prefix', async () => {
    for (const role of ['keeper', 'verifier', 'auditor'] as const) {
      const target = { Bucket: BUCKET, Key: `${PREFIX}/by-${role}` };
      expect(await statusOf(as(role).send(new PutObjectCommand({ ...target, Body: 'x' })))).to.equal(403);
      expect(await statusOf(as(role).send(new CreateMultipartUploadCommand(target)))).to.equal(403);
    }
    const outside = new PutObjectCommand({ Bucket: BUCKET, Key: 'elsewhere', Body: 'x' });
    expect(await statusOf(as('writer').send(outside))).to.equal(403);
  });

  const anyVersion = async (prefix: string) => {
    const archive = await open('verifier', prefix);
    for await (const { key, versionId } of archive.list('')) {
      await archive.close();
      return { Bucket: BUCKET, Key: `${prefix}/${key}`, VersionId: versionId };
    }
    throw new Error('expected a version, got none');
  };
  const stateseal = (role: Role, args: readonly string[]) => {
    const { accessKeyId, secretAccessKey } = userOf(role);
    const env = {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_ENDPOINT_URL_S3: ceph.endpoint,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    };
    return runStateseal(args, { env });
  };
});

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
