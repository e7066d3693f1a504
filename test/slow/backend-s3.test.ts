// The http backend with a bucket behind it, on a real store (Ceph's gateway), and a real Terraform in front of it.
import { CreateBucketCommand, GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { createS3Storage } from '../../daemon/backend/s3-storage.ts';
import { storageContract } from '../backend/storage-contract.ts';
import { openBackendScene, type BackendScene } from '../support/backend-scene.ts';
import { describeBackendStories } from '../support/backend-stories.ts';
import { howToInstallCeph, isCephInstalled, startCeph, type Ceph } from '../support/ceph.ts';
import { clientOf } from '../support/ceph-store.ts';
import { findProgram, requireComponent } from '../support/components.ts';
import { terraformPath } from '../support/terraform.ts';

const BUCKET = 'states';

describe('http backend over S3, on Ceph', function () {
  this.timeout(240_000);
  let ceph: Ceph;
  let client: S3Client;
  let count = 0;

  before(async function () {
    requireComponent(this, 'Ceph', isCephInstalled(), howToInstallCeph);
    requireComponent(this, 'terraform', terraformPath() !== undefined, 'put terraform 1.11 or later on PATH');
    requireComponent(this, 'prlimit', findProgram('prlimit') !== undefined, 'apt-get install -y util-linux');
    ceph = await startCeph();
    client = clientOf(ceph, ceph.adminUser);
    await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  });
  after(async () => {
    // Nothing is open when the suite was skipped.
    await Promise.allSettled([
      Promise.resolve().then(() => client.destroy()),
      Promise.resolve().then(() => ceph.close()),
    ]);
  });

  describe('contract', () =>
    storageContract(() => {
      const place = { bucket: BUCKET, prefix: `contract-${(count += 1)}`, endpoint: ceph.endpoint };
      return Promise.resolve(createS3Storage({ ...place, credentials: ceph.adminUser }, 1024));
    }));

  describe('with terraform', () => {
    let scene: BackendScene;
    let prefix = '';

    beforeEach(async () => {
      prefix = `terraform-${(count += 1)}`;
      scene = await openBackendScene({
        states: ['network'],
        storage: `s3://${BUCKET}/${prefix}`,
        backend: `endpoint: "${ceph.endpoint}"`,
        env: {
          AWS_ACCESS_KEY_ID: ceph.adminUser.accessKeyId,
          AWS_SECRET_ACCESS_KEY: ceph.adminUser.secretAccessKey,
          AWS_CONFIG_FILE: '/dev/null',
          AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        },
      });
    });
    afterEach(() => scene.close());

    const object = async (key: string): Promise<string | undefined> =>
      client.send(new GetObjectCommand({ Bucket: BUCKET, Key: `${prefix}/${key}` })).then(
        ({ Body }) => Body?.transformToString(),
        () => undefined,
      );

    describeBackendStories(() => ({ scene, stored: async () => (await object('network.tfstate')) ?? '' }));

    it('init, apply, a lock that is held, and a restart in between', async () => {
      const body = (input: string): string => `resource "terraform_data" "a" {\n  input = "${input}"\n}`;
      const terraform = await scene.terraform('tf', 'network', body('one'));
      await terraform.init();
      await terraform.apply();
      expect(await object('network.tfstate')).to.contain('"serial": 1');
      const id = '7b7e4f6e-0000-4000-8000-000000000001';
      const texts = { Operation: 'OperationTypeApply', Info: '', Who: 'mona@ci', Version: '1.11.4', Path: '' };
      const lock = JSON.stringify({ ID: id, ...texts, Created: '2026-01-01T00:00:00Z' });
      expect((await scene.request('network', { method: 'LOCK', body: lock })).status).to.equal(200);
      expect(await object('network.tfstate.tflock')).to.equal(
        lock.replace(/,"Path":""/u, '').replace('}', ',"Path":""}'),
      );
      await scene.kill();
      await scene.start();
      const env = scene.environment('network');
      const refused = await terraform.apply([], { env, expectExit: 1 });
      expect(refused.stderr).to.contain('Error acquiring the state lock').and.to.contain(id);
      await terraform.run(['force-unlock', '-force', id], { env });
      await terraform.write({ 'main.tf': `terraform {\n  backend "http" {}\n}\n${body('two')}` });
      await terraform.apply([], { env });
      expect(await object('network.tfstate')).to.contain('"serial": 2');
      expect([await object('network.tfstate.tflock'), await object('network.tfstate.staged')]).to.deep.equal([
        undefined,
        undefined,
      ]);
      const changes = (await scene.until('state.changed', 2)).map(({ data }) => [data['kind'], data['continuity']]);
      expect(changes).to.deep.equal([
        ['apply', 'contiguous'],
        ['apply', 'contiguous'],
      ]);
      scene.verify();
    });
  });
});
