// A long history in a real bucket: imported with bounded memory, killed in the middle and gone on, without a doubled record.
// 400 versions in CI, 10,000 with STATESEAL_FULL=1.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { howToInstallCeph, isCephInstalled, startCeph, type Ceph } from '../support/ceph.ts';
import { requireComponent } from '../support/components.ts';
import { openStateBucket, readLog, STATES, toChanges, type StateBucket } from '../support/state-bucket.ts';
import { spawnStateseal } from '../support/stateseal-process.ts';

const VERSIONS = process.env['STATESEAL_FULL'] === '1' ? 10_000 : 400;
const SHORT = VERSIONS / 10;
const WRITERS = 8;
/** Little room, so that the peak is what is held and not what was not yet collected. */
const NODE_ARGS = ['--max-semi-space-size=1', '--max-old-space-size=96'];

/** A state of 20 instances, of which one differs from version to version. */
function stateBytes(lineage: string, serial: number): string {
  const instances = Array.from({ length: 20 }, (_, index) => ({
    index_key: index,
    schema_version: 0,
    attributes: {
      id: `id-${index}`,
      input: index === serial % 20 ? `value ${serial}` : 'same',
      output: 'x'.repeat(200),
    },
    sensitive_attributes: [],
  }));
  const resource = {
    mode: 'managed',
    type: 'terraform_data',
    name: 'many',
    provider: 'provider["terraform.io/builtin/terraform"]',
    instances,
  };
  const state = { version: 4, terraform_version: '1.11.4', serial, lineage };
  return JSON.stringify({ ...state, outputs: {}, resources: [resource], check_results: null });
}

describe(`a history of ${VERSIONS} versions`, function () {
  this.timeout(3_600_000);
  let ceph: Ceph;
  let bucket: StateBucket;
  let folder: string;

  const data = (name: string): string => join(folder, name);
  const sizeOf = (name: string): number => {
    try {
      const database = openDatabaseReadOnly(join(data(name), 'log.sqlite'));
      const size = database.prepare<[], number>('SELECT count(*) FROM entry').pluck().get() ?? 0;
      database.close();
      return size;
    } catch {
      return 0;
    }
  };
  /** Imports `prefix`; `killAt`: SIGKILL once the log holds so many records. Peak memory in kB. */
  const importInto = async (
    name: string,
    prefix: string,
    killAt = Number.POSITIVE_INFINITY,
  ): Promise<{ code: number | null; peakKb: number }> => {
    const args = ['import', `s3://${STATES}/${prefix}`, '--source-endpoint', bucket.endpoint, '--data-dir', data(name)];
    const child = spawnStateseal(args, { env: bucket.env, nodeArgs: NODE_ARGS });
    let peakKb = 0;
    let isOver = false;
    const ended = child.finished().finally(() => (isOver = true));
    while (!isOver) {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
      peakKb = Math.max(peakKb, Number(/^VmHWM:\s+(\d+) kB/mu.exec(status)?.[1] ?? 0));
      if (sizeOf(name) >= killAt) child.child.kill('SIGKILL');
      await delay(50);
    }
    const { code } = await ended;
    return { code, peakKb };
  };

  before(async function () {
    requireComponent(this, 'Ceph', isCephInstalled(), howToInstallCeph);
    folder = await mkdtemp(join(tmpdir(), 'stateseal-import-'));
    ceph = await startCeph();
    bucket = await openStateBucket(ceph);
    const put = (Key: string, serial: number) =>
      bucket.client.send(new PutObjectCommand({ Bucket: STATES, Key, Body: stateBytes(Key, serial) }));
    for (let serial = 1; serial <= SHORT; serial += 1) await put('short/app.tfstate', serial);
    // The order of versions of one key is that of its writes; other keys may be written beside it.
    const lanes = Array.from({ length: WRITERS }, async (_, lane) => {
      for (let serial = 1; serial <= VERSIONS / WRITERS; serial += 1) await put(`long/${lane}/app.tfstate`, serial);
    });
    await Promise.all(lanes);
  });
  after(async () => {
    await ceph?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  it('takes no more memory than a short one', async () => {
    const short = await importInto('short', 'short');
    const long = await importInto('whole', 'long');
    expect([short.code, long.code]).to.deep.equal([0, 0]);
    const ratio = long.peakKb / short.peakKb;
    console.log(
      `      peak memory of ${VERSIONS} versions : of ${SHORT} = ${ratio.toFixed(2)} (${long.peakKb} kB : ${short.peakKb} kB); ${sizeOf('whole')} records`,
    );
    expect(ratio).to.be.lessThan(1.6);
    expect(toChanges(readLog(data('whole')))).to.have.length(VERSIONS);
  });

  it('killed twice and gone on, it holds each change once', async () => {
    const whole = sizeOf('whole');
    const first = await importInto('killed', 'long', Math.floor(whole / 3));
    const second = await importInto('killed', 'long', Math.floor((whole * 2) / 3));
    expect([first.code, second.code]).to.deep.equal([null, null]);
    const held = sizeOf('killed');
    expect(held)
      .to.be.greaterThan(whole / 3)
      .and.lessThan(whole);
    expect((await importInto('killed', 'long')).code).to.equal(0);
    const byVersion = (name: string): readonly string[] =>
      toChanges(readLog(data(name)))
        .map((change) => JSON.stringify(change))
        .sort();
    expect(byVersion('killed')).to.deep.equal(byVersion('whole'));
    expect(new Set(byVersion('killed')).size).to.equal(VERSIONS);
  });
});
