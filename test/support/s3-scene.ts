// A log sealed to a real store under locks, and what somebody can do there who may write: the scene of the attacks.
// The owner's client may bypass GOVERNANCE locks; only `remove` does, in the part of an administrator or of time.
import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type ObjectVersion,
} from '@aws-sdk/client-s3';
import { openS3Archive } from '../../daemon/archive/s3.ts';
import { batchKey, blobKey, checkpointKey, sealKey } from '../../daemon/merkle/object-key.ts';
import type { Sealer } from '../../daemon/sealer/sealer.ts';
import { openDatabaseReadOnly, type Sqlite } from '../../daemon/store/database.ts';
import { exitCodeOf, type VerifyReport } from '../../daemon/verify/report.ts';
import { verifyArchive, type VerifyOptions } from '../../daemon/verify/verify-archive.ts';
import { BUCKET, type CephStore } from './ceph-store.ts';
import { openLogHarness, ORIGIN, plainRecord, testVerifier, type LogHarness } from './log-harness.ts';
import { createLogScript, SCRIPT_CONTEXT, SCRIPT_URI } from './log-script.ts';
import { openSealerOn } from './sealer-on.ts';

export const LOCK_DAYS = 30;
const FOLDER = ORIGIN.slice(ORIGIN.lastIndexOf('/') + 1);

/** What verify said, short enough to compare. Codes are sorted, with their number where it is not one. */
export interface Verdict {
  readonly exit: number;
  readonly strictExit: number;
  readonly integrity: 'pass' | 'fail';
  readonly tier: 'local' | 'locked';
  readonly failures: string;
  readonly anomalies: string;
  readonly notes: string;
  readonly report: VerifyReport;
}

export interface S3Scene {
  readonly log: LogHarness;
  /** Records version `serial` of the state and a note; the first is a baseline, each fourth has a blob. */
  record(serial: number): void;
  seal(): Promise<void>;
  /** Another one, on what the database holds now. */
  openSealer(): Sealer;
  /** Names of what the batch after `prev` consists of, in order of writing; it must be frozen. */
  objectsOf(prev: number): readonly string[];
  /** The sizes before each batch. */
  prevs(): readonly number[];
  put(name: string, body: string | Uint8Array): Promise<string>;
  mark(name: string): Promise<void>;
  versions(name: string): Promise<readonly ObjectVersion[]>;
  read(name: string): Promise<Uint8Array>;
  /** Gone for good: as after its lock, or by an administrator's bypass. */
  remove(name: string, versionId: string | undefined): Promise<void>;
  copyTo(prefix: string): Promise<void>;
  verify(options?: Partial<VerifyOptions> & { readonly prefix?: string; readonly endpoint?: string }): Promise<Verdict>;
  close(): Promise<void>;
}

/** `contentDays` 0: no promise in the manifests; the objects are locked for 30 days all the same. */
export async function openS3Scene(store: CephStore, prefix: string, contentDays = LOCK_DAYS): Promise<S3Scene> {
  const log = openLogHarness(undefined, contentDays);
  log.clock.ms = Date.now();
  const databases: Sqlite[] = [];
  const archive = await store.open(`${prefix}/${FOLDER}`);
  const openSealer = (): Sealer => {
    const database = openDatabaseReadOnly(`${log.dataDir}/log.sqlite`);
    databases.push(database);
    return openSealerOn(log, database, archive, { retention: { mode: 'GOVERNANCE', days: LOCK_DAYS } });
  };
  const sealer = openSealer();
  const script = createLogScript(1);
  const target = (name: string) => ({ Bucket: BUCKET, Key: `${prefix}/${FOLDER}/${name}` });
  const { client } = store;
  return {
    log,
    record(serial) {
      log.methods.observe(script.sighting(serial, log.methods.cursor(SCRIPT_URI)), SCRIPT_CONTEXT);
      log.methods.append([plainRecord(serial)]);
    },
    seal: () => sealer.seal(),
    openSealer,
    objectsOf: (prev) => objectsOf(log, prev),
    prevs: () => log.read(({ batches }) => batches.outlines().map(({ prev }) => prev)),
    async put(name, body) {
      const { VersionId = '' } = await client.send(new PutObjectCommand({ ...target(name), Body: body }));
      return VersionId;
    },
    mark: async (name) => void (await client.send(new DeleteObjectCommand(target(name)))),
    async versions(name) {
      const { Key: Prefix, Bucket } = target(name);
      const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix }));
      return Versions.filter(({ Key }) => Key === Prefix);
    },
    async read(name) {
      const [version] = await archive.versions(name);
      return archive.get(name, version?.versionId ?? '');
    },
    remove: async (name, versionId) =>
      void (await client.send(
        new DeleteObjectCommand({ ...target(name), VersionId: versionId, BypassGovernanceRetention: true }),
      )),
    copyTo: (other) => copyAll(store, prefix, other),
    verify: ({ prefix: at = prefix, endpoint = store.ceph.endpoint, ...options } = {}) =>
      verifyAt(store, at, endpoint, options),
    async close() {
      databases.forEach((database) => database.close());
      log.close();
      await archive.close();
    },
  };
}

function objectsOf(log: LogHarness, prev: number): readonly string[] {
  return log.read(({ batches }) => {
    const { size = prev } = batches.at(prev) ?? {};
    const blobs = batches.blobs(prev, size).map(({ sha256 }) => blobKey(prev, sha256));
    return [...new Set(blobs), batchKey(prev), sealKey(prev), checkpointKey(prev)];
  });
}

/** Without their locks, as AWS copies them; the gateway's own CopyObject would take the locks along. */
async function copyAll(store: CephStore, from: string, to: string): Promise<void> {
  const { client } = store;
  const archive = await store.open(from);
  try {
    for await (const { key, versionId } of archive.list('')) {
      const Body = await archive.get(key, versionId);
      await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: `${to}/${key}`, Body }));
    }
  } finally {
    await archive.close();
  }
}

async function verifyAt(
  store: CephStore,
  prefix: string,
  endpoint: string,
  options: Partial<VerifyOptions>,
): Promise<Verdict> {
  const archive = await openS3Archive(store.options(prefix, endpoint));
  try {
    const report = await verifyArchive(archive, [testVerifier], { nowMs: Date.now(), ...options });
    return {
      exit: exitCodeOf(report, false),
      strictExit: exitCodeOf(report, true),
      integrity: report.integrity,
      tier: report.tier,
      failures: codesOf(report.failures.list),
      anomalies: codesOf(report.anomalies.list),
      notes: codesOf(report.notes.list),
      report,
    };
  } finally {
    await archive.close();
  }
}

function codesOf(findings: readonly { readonly code: string }[]): string {
  const counts = new Map<string, number>();
  for (const { code } of findings) counts.set(code, (counts.get(code) ?? 0) + 1);
  const named = [...counts].map(([code, count]) => (count === 1 ? code : `${code} ${count}`));
  return named.sort().join(', ');
}
