// One seal of a small log to a real store through the fault proxy, with one fault at one of its calls; then on until it
// is sealed, as the daemon goes on. The log and the store are read again, straight, after the fault and at the end.
import { expect } from 'chai';
import type { Archive } from '../../daemon/archive/archive.ts';
import { openS3Archive } from '../../daemon/archive/s3.ts';
import { ArchiveError } from '../../daemon/errors.ts';
import { openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { assertLog, type LogFacts } from './assert-log.ts';
import type { CephStore } from './ceph-store.ts';
import type { FaultProxy, ProxyFault } from './fault-proxy.ts';
import { openLogHarness, plainRecord, testVerifier } from './log-harness.ts';
import { createLogScript, SCRIPT_CONTEXT, SCRIPT_URI } from './log-script.ts';
import type { S3Request } from './s3-call.ts';
import { openSealerOn } from './sealer-on.ts';

const DAY_MS = 86_400_000;
export const LOCK_DAYS = 30;
/** Shorter than the daemon's, so that a silent store costs a test little; answers that come meanwhile are in time. */
export const PATIENCE_MS = 1_500;
/** One fault must not cost more seals than this. */
const MAX_SEALS = 3;
/** A lock is asked for before its write begins. */
const LOCK_TOLERANCE_MS = 3_600_000;

export interface SealRun {
  /** The calls of all seals, in order. */
  readonly calls: readonly S3Request[];
  /** What the sealer was told by the seals that failed. */
  readonly codes: readonly string[];
  readonly facts: LogFacts;
  /** Versions at the store, markers included. */
  readonly versionCount: number;
}

/** `at` counts the calls from 0 on; -1 = no fault. */
export async function runSeal(
  store: CephStore,
  proxy: FaultProxy,
  prefix: string,
  { at, fault }: { readonly at: number; readonly fault?: ProxyFault },
): Promise<SealRun> {
  const log = openLogHarness(undefined, LOCK_DAYS);
  const open = () => {
    const database = openDatabaseReadOnly(`${log.dataDir}/log.sqlite`);
    const retention = { mode: 'GOVERNANCE', days: LOCK_DAYS } as const;
    return { database, sealer: openSealerOn(log, database, archive, { retention }) };
  };
  const timeouts = { connectMs: 5_000, requestMs: PATIENCE_MS };
  const archive = await openS3Archive({ ...store.options(prefix, proxy.endpoint), timeouts });
  const direct = await store.open(prefix);
  const place = { databasePath: `${log.dataDir}/log.sqlite`, archive: direct, verifiers: [testVerifier] };
  const calls: S3Request[] = [];
  let running = open();
  proxy.onCall = (call) => (calls.push(call) - 1 === at ? fault : undefined);
  try {
    // A baseline has a blob: its snapshot.
    const script = createLogScript(1);
    log.methods.observe(script.sighting(1, log.methods.cursor(SCRIPT_URI)), SCRIPT_CONTEXT);
    log.methods.append([plainRecord(1), plainRecord(2)]);
    const done = [...script.steps(1), 'note number 1', 'note number 2'];
    const codes: string[] = [];
    while (codes.length < MAX_SEALS) {
      const code = await running.sealer.seal().then(() => undefined, codeOf);
      const { outlines } = await assertLog(place, { done });
      if (code === undefined) {
        expect(outlines.every(({ phase }) => phase === 'published')).to.equal(true);
        break;
      }
      codes.push(code);
      if (codes.length > 1) continue;
      log.crash();
      running.database.close();
      // A restart: what is read is what the crash left.
      running = open();
    }
    expect(codes.length, `still failing: ${codes.join(', ')}`).to.be.below(MAX_SEALS);
    return { calls, codes, facts: await assertLog(place, { done }), versionCount: await countLocked(direct) };
  } finally {
    proxy.onCall = undefined;
    running.database.close();
    log.close();
    await archive.close();
    await direct.close();
  }
}

function codeOf(error: unknown): string {
  if (error instanceof ArchiveError) return error.code;
  throw error;
}

/** Whatever went wrong on the way: everything the store holds is locked for its whole time. */
async function countLocked(archive: Archive): Promise<number> {
  let count = 0;
  for await (const { key, versionId } of archive.list('')) {
    const { mode, retainUntil, lastModified } = await archive.readLock(key, versionId);
    const lockedMs = Date.parse(retainUntil) - Date.parse(lastModified);
    expect(mode, key).to.equal('GOVERNANCE');
    expect(lockedMs, `lock of ${key}`).to.be.at.least(LOCK_DAYS * DAY_MS - LOCK_TOLERANCE_MS);
    count += 1;
  }
  return count;
}
