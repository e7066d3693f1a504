// Every call of one seal × every fault that can come between, on a real store: the sealer goes on, nothing is lost,
// doubled or forked, everything is locked, and the verifier is clean after each. Each kind of call once; with
// STATESEAL_FULL=1 every call of the seal.
import { expect } from 'chai';
import { openCephStore, type CephStore } from '../support/ceph-store.ts';
import { DENIED, openFaultProxy, TOO_SKEWED, type FaultProxy, type ProxyFault } from '../support/fault-proxy.ts';
import { PATIENCE_MS, runSeal, type SealRun } from '../support/s3-fault-run.ts';
import type { S3Request } from '../support/s3-call.ts';

const IS_FULL = process.env['STATESEAL_FULL'] === '1';
const HOUR_MS = 3_600_000;

const FAULTS: Readonly<Record<string, ProxyFault>> = {
  'lost, cut': { kind: 'lost', how: 'cut' },
  'lost, 503': { kind: 'lost', how: 503 },
  'done, cut': { kind: 'done', how: 'cut' },
  'done, 500': { kind: 'done', how: 500 },
  'late, in time': { kind: 'late', ms: 100 },
  'late, too late': { kind: 'late', ms: 2 * PATIENCE_MS },
  'trickled, in time': { kind: 'trickled', ms: 200 },
  'trickled, too late': { kind: 'trickled', ms: 2 * PATIENCE_MS },
  'request cut at 0': { kind: 'cut-request', at: 0 },
  'request cut at 100': { kind: 'cut-request', at: 100 },
  'answer cut at 0': { kind: 'cut-answer', at: 0 },
  'answer cut at 100': { kind: 'cut-answer', at: 100 },
  'request with a bit flipped': { kind: 'flipped-request' },
  'answer with a bit flipped': { kind: 'flipped-answer' },
  'answer shortened': { kind: 'shortened-answer' },
  denied: DENIED,
  '412, not done': { kind: 'answered', status: 412, code: 'PreconditionFailed', isDone: false },
  '412, done': { kind: 'answered', status: 412, code: 'PreconditionFailed', isDone: true },
  '409, not done': { kind: 'answered', status: 409, code: 'ConditionalRequestConflict', isDone: false },
  '409, done': { kind: 'answered', status: 409, code: 'ConditionalRequestConflict', isDone: true },
  'clock skewed, refused': TOO_SKEWED,
  'store 1 minute ahead': { kind: 'skewed', ms: 60_000 },
  'store 29 days behind': { kind: 'skewed', ms: -29 * 24 * HOUR_MS },
};

describe('s3 faults on Ceph', function () {
  this.timeout(1_800_000);
  let store: CephStore;
  let proxy: FaultProxy;
  let calls: readonly S3Request[];
  const opened: { close(): Promise<void> }[] = [];
  const met = new Map<string, string>();

  before(async function () {
    store = await openCephStore(this);
    opened.unshift(store);
    proxy = await openFaultProxy(store.ceph.endpoint);
    opened.unshift(proxy);
    // The first write of a new store is slow: it makes its pools.
    await runSeal(store, proxy, 'first', { at: -1 });
    const faultless = await runSeal(store, proxy, 'faultless', { at: -1 });
    expect(faultless.codes).to.deep.equal([]);
    calls = faultless.calls;
  });
  after(async () => {
    if (met.size > 0) console.log(`      ${met.size} faults, one at a time\n${formatTable(met)}`);
    for (const one of opened) await one.close();
  });

  it('a seal makes each call on each kind of object', () => {
    const labels = new Set(calls.map(toLabel));
    for (const kind of ['blob', 'batch', 'seal', 'checkpoint']) {
      for (const name of ['ListObjectVersions', 'PutObject', 'HeadObject'])
        expect(labels).to.include(`${name} ${kind}`);
    }
    expect(labels).to.include('GetObject seal');
    expect(labels).to.include('GetObject checkpoint');
  });

  for (const [name, fault] of Object.entries(FAULTS)) {
    it(name, async () => {
      for (const [at, call] of callsToMeet(calls)) {
        const prefix = `${name.replaceAll(/[^a-z0-9]+/gu, '-')}-${at}`;
        const run = await runSeal(store, proxy, prefix, { at, fault }).catch((error: unknown) => {
          throw new Error(`call ${at}, ${toLabel(call)}`, { cause: error });
        });
        expect(run.calls.length, 'the call was made').to.be.greaterThan(at);
        met.set(`${name} ${at}`, toRow(name, call, run));
      }
    });
  }
});

/** The position of the first of each kind; in the full run all. */
function callsToMeet(calls: readonly S3Request[]): readonly (readonly [number, S3Request])[] {
  const labels = calls.map(toLabel);
  return [...calls.entries()].filter(([at]) => IS_FULL || labels.indexOf(labels[at] ?? '') === at);
}

function toLabel({ name, kind }: S3Request): string {
  return `${name} ${kind}`;
}

function toRow(name: string, call: S3Request, { codes, versionCount }: SealRun): string {
  return `${name.padEnd(28)} ${toLabel(call).padEnd(30)} ${codes.join(', ') || 'not noticed'} (${versionCount} versions)`;
}

function formatTable(rows: ReadonlyMap<string, string>): string {
  return [...rows.values()].map((row) => `      ${row}\n`).join('');
}
