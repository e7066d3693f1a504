// `stateseal doctor` and its self-test on a real store: a healthy bucket, and buckets that are broken in one thing each.
// Also what `status` and the greeting of `watch` say of locks.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { expect } from 'chai';
import type { Check } from '../../daemon/doctor/check.ts';
import { deriveForCeph, type Role } from '../support/aws-policies.ts';
import { howToInstallCeph, isCephInstalled, startCeph, type Ceph, type CephUser } from '../support/ceph.ts';
import { requireComponent } from '../support/components.ts';
import { formatMovingState } from '../support/moving-state.ts';
import { runStateseal, spawnStateseal } from '../support/stateseal-process.ts';

const PREFIX = 'logs';
const USERS: readonly Role[] = ['writer', 'auditor'];

interface Examined {
  readonly code: number | null;
  readonly stderr: string;
  /** "name result" per line, in order. */
  readonly results: readonly string[];
  readonly checks: readonly Check[];
}

describe('doctor on Ceph', function () {
  this.timeout(180_000);
  let ceph: Ceph;
  let client: S3Client;
  let folder: string;
  const users = new Map<Role, CephUser>();

  before(async function () {
    requireComponent(this, 'Ceph', isCephInstalled(), howToInstallCeph);
    folder = mkdtempSync(join(tmpdir(), 'stateseal-doctor-'));
    ceph = await startCeph();
    for (const role of USERS) users.set(role, await ceph.createUser(role));
    const { endpoint, adminUser: credentials } = ceph;
    client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
    for (const name of ['healthy', 'expiring']) await makeBucket(name, true);
    await makeBucket('plain', false);
    const { policy } = deriveForCeph('healthy', PREFIX, new Map(USERS.map((role) => [role, role])));
    await client.send(new PutBucketPolicyCommand({ Bucket: 'healthy', Policy: policy }));
    const rule = { ID: 'tidy', Status: 'Enabled', Filter: { Prefix: `${PREFIX}/` }, Expiration: { Days: 7 } } as const;
    const rules = { Bucket: 'expiring', LifecycleConfiguration: { Rules: [rule] } };
    await client.send(new PutBucketLifecycleConfigurationCommand(rules));
  });
  after(async () => {
    (client as S3Client | undefined)?.destroy();
    await (ceph as Ceph | undefined)?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const makeBucket = (Bucket: string, hasLock: boolean) =>
    client.send(new CreateBucketCommand({ Bucket, ...(hasLock ? { ObjectLockEnabledForBucket: true } : {}) }));
  const environment = (user: CephUser): Record<string, string> => ({
    AWS_ACCESS_KEY_ID: user.accessKeyId,
    AWS_SECRET_ACCESS_KEY: user.secretAccessKey,
    AWS_ENDPOINT_URL_S3: ceph.endpoint,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    HOME: folder,
  });
  const as = (role: Role): CephUser => users.get(role) ?? ceph.adminUser;
  const examine = async (user: CephUser, ...args: readonly string[]): Promise<Examined> => {
    const { code, stdout, stderr } = await runStateseal(['doctor', '--json', ...args], { env: environment(user) });
    const lines = stdout.split('\n').filter((line) => line !== '');
    const checks = lines.map((line) => JSON.parse(line) as Check);
    return { code, stderr, checks, results: checks.map(({ name, result }) => `${name} ${result}`) };
  };
  const versionCount = async (Bucket: string): Promise<number> => {
    const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }));
    return Versions.length + DeleteMarkers.length;
  };

  it('the writer of a healthy bucket is told nothing to mend, and what it cannot see', async () => {
    const before = await versionCount('healthy');
    const { code, results, stderr } = await examine(as('writer'), '--archive', `s3://healthy/${PREFIX}`);
    expect(stderr).to.equal('');
    expect(results).to.include.members(['credentials ok', 'archive ok', 'clock ok', 'right-to-delete ok']);
    expect(results).to.include.members(['versioning unknown', 'object-lock unknown', 'lifecycle unknown']);
    expect(code).to.equal(0);
    expect(await versionCount('healthy'), 'doctor changes nothing').to.equal(before);
  });

  it('the auditor sees the settings', async () => {
    const { code, results } = await examine(as('auditor'), '--archive', `s3://healthy/${PREFIX}`);
    expect(results).to.include.members(['versioning ok', 'object-lock ok', 'default-lock ok', 'lifecycle ok']);
    expect(code).to.equal(0);
  });

  it('self-test as the writer: conditions, locks, deletes, overwrites', async () => {
    const { code, results } = await examine(as('writer'), '--self-test', `s3://healthy/${PREFIX}`);
    const shown = [
      'put',
      'checksum',
      'lock-read-back',
      'get-by-version',
      'delete-marker',
      'delete-version',
      'shorten',
      'bypass',
    ];
    expect(results).to.include.members(shown.map((name) => `${name} ok`));
    // This store ignores conditions, and knows none of the statements about puts.
    expect(results).to.include.members(['condition warn', 'overwrite warn', 'put-without-lock warn']);
    expect(code).to.equal(0);
  });

  it('self-test with too many rights: the marker, and the bypass', async () => {
    const { code, results } = await examine(ceph.adminUser, '--self-test', `s3://expiring/${PREFIX}`);
    expect(results).to.include.members([
      'delete-marker warn',
      'delete-version ok',
      'shorten ok',
      'bypass fail',
      'lifecycle fail',
    ]);
    expect(code).to.equal(1);
  });

  it('names an expiring rule and the right to delete, changing nothing', async () => {
    const before = await versionCount('expiring');
    const { code, checks, results } = await examine(ceph.adminUser, '--archive', `s3://expiring/${PREFIX}`);
    expect(results).to.include.members(['versioning ok', 'object-lock ok', 'lifecycle fail', 'right-to-delete fail']);
    expect(checks.find(({ name }) => name === 'lifecycle')?.fix).to.contain('--bucket expiring');
    expect(code).to.equal(1);
    expect(await versionCount('expiring')).to.equal(before);
  });

  it('names a bucket without versions and Object Lock, and one that is not there', async () => {
    const plain = await examine(ceph.adminUser, '--self-test', `s3://plain/${PREFIX}`);
    expect(plain.results).to.include.members(['versioning fail', 'object-lock fail', 'put fail']);
    expect(plain.code).to.equal(1);
    expect(await versionCount('plain')).to.equal(0);
    const none = await examine(ceph.adminUser, '--archive', 's3://no-such-bucket/x');
    expect(none.results).to.include.members(['archive fail']);
    expect(none.code).to.equal(1);
  });

  it('names denied rights, and credentials that are none', async () => {
    const outside = await examine(as('auditor'), '--archive', `s3://expiring/${PREFIX}`);
    expect(outside.results).to.include.members(['archive fail', 'versioning unknown']);
    const wrong = await examine({ ...as('writer'), secretAccessKey: 'wrong' }, '--archive', `s3://healthy/${PREFIX}`);
    expect(wrong.results).to.include('archive fail');
    expect(wrong.checks.find(({ name }) => name === 'archive')?.text).to.contain('[archive-credentials]');
  });

  it('warns where a bucket of states is read with the key of the archive, and shows none', async () => {
    const config = join(folder, 'sources.yaml');
    const write = (more: string): void =>
      writeFileSync(
        config,
        `archive: { location: "s3://healthy/${PREFIX}" }\nsources: [{ uri: "s3://plain/x"${more} }]\n`,
      );
    const profiles = join(folder, 'profiles');
    const { accessKeyId, secretAccessKey } = as('auditor');
    writeFileSync(
      profiles,
      `[reader]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
    );
    const look = async () => {
      const env = { ...environment(as('writer')), AWS_SHARED_CREDENTIALS_FILE: profiles };
      const { code, stdout, stderr } = await runStateseal(['doctor', '--config', config], { env });
      for (const { accessKeyId: key, secretAccessKey: secret } of users.values()) {
        expect(stdout + stderr)
          .not.to.contain(key)
          .and.not.contain(secret);
      }
      return { code, stdout };
    };
    write('');
    const shared = await look();
    expect(shared.stdout).to.match(
      /warn +source-credentials +s3:\/\/plain\/x is read with the credentials of the archive/u,
    );
    write(', profile: reader');
    const own = await look();
    expect(own.stdout).to.match(/ok +source-credentials +s3:\/\/plain\/x is read with credentials of its own/u);
    expect([shared.code, own.code]).to.deep.equal([0, 0]);
  });

  it('watch says mode, days and the first end; status forecasts it by the receipts', async () => {
    writeFileSync(join(folder, 'terraform.tfstate'), formatMovingState(1));
    const dataDir = ['--data-dir', join(folder, 'data')];
    const args = [
      'watch',
      folder,
      '--archive',
      `s3://healthy/${PREFIX}`,
      '--http',
      'off',
      '--seal-after',
      '1',
      ...dataDir,
    ];
    const daemon = spawnStateseal(args, { env: environment(as('writer')) });
    await daemon.until(/sealed .*archived/u);
    const { code, stdout, stderr } = await daemon.stop();
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/locks {6}GOVERNANCE, 30 days: the first lock ends \d{4}-\d\d-\d\d/u);
    expect(stdout).to.contain('stateseal init');
    const status = await runStateseal(['status', ...dataDir], { env: environment(as('writer')) });
    expect(status.stdout).to.match(/locks {6}[3-9]\d* objects, GOVERNANCE: the first ends \d{4}-\d\d-\d\d/u);
  });
});
