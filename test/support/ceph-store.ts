// One real store for a suite: Ceph's gateway with a bucket under Object Lock, its administrator's client, and archives
// on it under fresh prefixes. Skips the suite, or fails it in CI, where Ceph is not installed.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { Archive } from '../../daemon/archive/archive.ts';
import type { S3ArchiveOptions } from '../../daemon/s3/s3-options.ts';
import { openS3Archive } from '../../daemon/archive/s3.ts';
import { howToInstallCeph, isCephInstalled, startCeph, type Ceph, type CephUser } from './ceph.ts';
import { requireComponent } from './components.ts';

export const BUCKET = 'evidence';

export interface CephStore {
  readonly ceph: Ceph;
  /** Of the bucket's owner, who may do everything, bypass included. */
  readonly client: S3Client;
  options(prefix: string, endpoint?: string): S3ArchiveOptions;
  /** Straight to the store. */
  open(prefix: string): Promise<Archive>;
  close(): Promise<void>;
}

/** In a `before` hook. */
export async function openCephStore(context: Mocha.Context): Promise<CephStore> {
  requireComponent(context, 'Ceph', isCephInstalled(), howToInstallCeph);
  const ceph = await startCeph();
  const client = clientOf(ceph, ceph.adminUser);
  const options = (prefix: string, endpoint = ceph.endpoint): S3ArchiveOptions => {
    return { bucket: BUCKET, prefix, endpoint, credentials: ceph.adminUser };
  };
  try {
    await client.send(new CreateBucketCommand({ Bucket: BUCKET, ObjectLockEnabledForBucket: true }));
  } catch (error) {
    await ceph.close();
    throw error;
  }
  return {
    ceph,
    client,
    options,
    open: (prefix) => openS3Archive(options(prefix)),
    async close() {
      client.destroy();
      await ceph.close();
    },
  };
}

export function clientOf(ceph: Ceph, credentials: CephUser): S3Client {
  return new S3Client({ endpoint: ceph.endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
}
