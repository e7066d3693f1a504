// A recorder thread that ends, however it ends: what waits and what is asked later fails with a clear error.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { ConfigError, StoreError } from '../../daemon/errors.ts';
import { openRecorderClient, type RecorderClient } from '../../daemon/recorder/client.ts';
import { plainRecord, testInput } from '../support/log-harness.ts';

describe('recorder/client', () => {
  let dataDir: string;
  let deaths: StoreError[];
  let client: RecorderClient | undefined;

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'stateseal-client-'));
    deaths = [];
  });
  afterEach(async () => {
    await client?.close();
    client = undefined;
    rmSync(dataDir, { recursive: true });
  });

  /** The client, and the thread behind it, which nobody else gets hold of. */
  const open = async (): Promise<{ client: RecorderClient; worker: Worker }> => {
    const announced = once(process, 'worker') as Promise<[Worker]>;
    client = await openRecorderClient(testInput(join(dataDir, 'log.sqlite')), (error) => deaths.push(error));
    const [worker] = await announced;
    return { client, worker };
  };
  const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('fails what waits and everything asked later, and tells once', async () => {
    const opened = await open();
    expect(await opened.client.append([plainRecord(1)])).to.include({ from: 0, to: 1 });
    const waiting = Array.from({ length: 50 }, (_, n) => failureOf(opened.client.append([plainRecord(n)])));
    await opened.worker.terminate();
    const late = await failureOf(opened.client.tick());
    const failures = [...(await Promise.all(waiting)), late].filter((failure) => failure !== undefined);
    expect(failures.length).to.be.greaterThan(0);
    for (const failure of failures) {
      expect(failure).to.be.instanceOf(StoreError).with.property('code', 'recorder-stopped');
    }
    expect(deaths.map(({ code }) => code)).to.deep.equal(['recorder-stopped']);
    await opened.client.close();
  });

  it('says what kind of failure ended it, never its text', async () => {
    const opened = await open();
    opened.worker.emit('error', Object.assign(new Error('a secret'), { code: 'ERR_WORKER_OUT_OF_MEMORY' }));
    await opened.worker.terminate();
    expect(deaths.map(({ message }) => message)).to.deep.equal([
      'the recorder thread ended: Error ERR_WORKER_OUT_OF_MEMORY',
    ]);
  });

  it('is not dead when it is closed', async () => {
    const opened = await open();
    const ended = once(opened.worker, 'exit');
    await opened.client.close();
    await ended;
    expect(deaths).to.deep.equal([]);
  });

  it('throws what opening the database throws, and leaves no thread', async () => {
    const announced = once(process, 'worker') as Promise<[Worker]>;
    writeFileSync(join(dataDir, 'log.sqlite'), 'not a database, but long enough to be looked at as one: '.repeat(40));
    const failure = await failureOf(open());
    expect(failure).to.be.instanceOf(StoreError).with.property('code', 'store-failed');
    const [worker] = await announced;
    if (worker.threadId !== -1) await once(worker, 'exit');
    expect(deaths).to.deep.equal([]);
    expect(failure).not.to.be.instanceOf(ConfigError);
  });
});
