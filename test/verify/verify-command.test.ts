// The verb from the outside: what it prints, its exit codes, and that it needs an archive and a key and nothing else.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDirectoryArchive } from '../../daemon/archive/directory.ts';
import type { ServiceContext } from '../../daemon/commands/service.ts';
import { verifyCommand } from '../../daemon/commands/verify.ts';
import { StatesealError } from '../../daemon/errors.ts';
import { encodeBase64 } from '../../daemon/merkle/base64.ts';
import { leafHash } from '../../daemon/merkle/hash.ts';
import { batchKey } from '../../daemon/merkle/object-key.ts';
import { formatProofFile } from '../../daemon/merkle/proof-file.ts';
import { soon, twentyRecords } from '../support/flip-bits.ts';
import * as sample from '../support/sample-archive.ts';
import { runningLog } from './scene.ts';

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describe('stateseal verify', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'verify-verb-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const run = async (args: readonly string[], given: Partial<ServiceContext> = {}): Promise<Result> => {
    let out = '';
    let err = '';
    const context: ServiceContext = {
      stdout: (text) => void (out += text),
      stderr: (text) => void (err += text),
      isTerminal: false,
      columns: 0,
      color: false,
      json: false,
      quiet: false,
      now: () => soon.nowMs,
      dataDir: join(folder, 'data'),
      readFile: (path) => readFile(path),
      readStdin: () => Promise.reject(new Error('not used')),
      pause: () => Promise.resolve(true),
      loadConfig: () => Promise.reject(new Error('not used')),
      untilStopped: () => new Promise(() => undefined),
      ...given,
    };
    try {
      return { code: await verifyCommand.run(args, context), out, err };
    } catch (error) {
      if (!(error instanceof StatesealError)) throw error;
      return { code: 2, out, err: error.code };
    }
  };

  const writeArchive = async (log: sample.SampleArchive): Promise<string> => {
    const path = join(folder, 'archive');
    await sample.fillArchive(await openDirectoryArchive(path), log);
    return path;
  };

  it('passes an intact archive, key as text or file, and says the limits', async () => {
    const log = twentyRecords();
    const archive = await writeArchive(log);
    const keyFile = join(folder, 'log.vkey');
    await writeFile(keyFile, `${log.signer.vkey}\n`);
    const text = await run([archive, '--key', log.signer.vkey]);
    expect(await run([join(archive, log.folder), '--key', keyFile])).to.include({ code: 0 });
    expect(text.code).to.equal(0);
    expect(text.out.split('\n').slice(0, 3)).to.deep.equal([
      `INTEGRITY     PASS    20 of 20 records hash to the signed root (size 20, ${minute(text.out)}, key ${log.signer.keyId})`,
      `                      root ${rootOf(log)}, 4 batches`,
      `                      13 objects in ${archive}: one version each, no delete marker`,
    ]);
    expect(text.out).to.match(/^COMPLETENESS {2}COMPLETE$/m);
    expect(text.out).to.match(/^TIER {10}local /m);
    expect(text.out).to.match(/^Not proven by this: .*host was honest; .*--since\)\.$/m);
    expect(text.err).to.equal('');
  });

  it('names what was altered and exits 1', async () => {
    const log = twentyRecords();
    const archive = await writeArchive(log);
    const path = join(archive, log.folder, batchKey(8));
    await rm(path);
    await writeFile(path, Buffer.from(log.objects.get(batchKey(8)) ?? '').fill(0, 60, 61));
    const { code, out } = await run([archive, '--key', log.signer.vkey]);
    expect(code).to.equal(1);
    expect(out).to.match(/^INTEGRITY {5}FAIL {4}12 of 20 records/);
    expect(out).to.match(/batch-altered {2}batch\/0000000000000008\.ndjson\.gz {2}expected the signed content/);
  });

  it('exits 3 for gaps, 1 for a kept checkpoint that is not extended', async () => {
    const log = runningLog();
    const archive = await writeArchive(log);
    const late = { now: () => sample.sampleStartMs + 5 * 3_600_000 };
    const gaps = await run([archive, '--key', log.signer.vkey], late);
    expect(gaps.code).to.equal(3);
    expect(gaps.out)
      .to.match(/^COMPLETENESS {2}1 UNEXPLAINED GAP$/m)
      .and.to.match(/nothing since, 2026-01-01 00:17Z/);
    const since = join(folder, 'kept');
    await writeFile(since, twentyRecords().seals.at(-1)?.checkpointNote ?? '');
    const shrunk = await run([archive, '--key', log.signer.vkey, '--since', since]);
    expect(shrunk.code).to.equal(1);
    expect(shrunk.out).to.include('does NOT extend the checkpoint you kept (size 20)').and.to.include('since-shrunk');
  });

  it('prints one JSON object with the same verdicts', async () => {
    const log = twentyRecords();
    const { code, out } = await run([await writeArchive(log), '--key', log.signer.vkey, '--json', '--strict']);
    const report = JSON.parse(out) as Record<string, unknown>;
    expect(code).to.equal(0);
    expect(report).to.include({
      object: 'verification',
      exit: 0,
      integrity: 'pass',
      tier: 'local',
      origin: log.origin,
    });
    expect(report['completeness']).to.include({ verdict: 'complete' });
  });

  it('could not run: no key, a bad key, no archive, no log, no such flag', async () => {
    const log = twentyRecords();
    const archive = await writeArchive(log);
    const other = sample.createSampleSigner(7, 'other/bbbbbbbbbbbbb').vkey;
    expect(await run([archive])).to.include({ code: 2, err: 'verify-key-missing' });
    expect(await run([archive, '--key', 'a+b+c'])).to.include({ code: 2, err: 'verify-key-missing' });
    expect(await run([join(folder, 'none'), '--key', log.signer.vkey])).to.include({ code: 2, err: 'archive-missing' });
    await mkdir(join(folder, 'empty'));
    expect(await run([join(folder, 'empty'), '--key', other])).to.include({ code: 2, err: 'verify-no-log' });
    expect(await run([archive, '--sinc', 'x'])).to.include({ code: 2, err: 'usage' });
  });

  it('checks a proof with its record, and nothing else', async () => {
    const log = sample.buildSampleArchive([{ lines: sample.sampleLines(sample.wholeLife(4)).slice(0, 2) }]);
    const lines = sample.sampleLines(sample.wholeLife(4));
    const [, second = ''] = lines;
    const proof = join(folder, 'one.tlog-proof');
    const record = join(folder, 'one.json');
    const hashes = [leafHash(Buffer.from(lines[0] ?? ''))];
    await writeFile(proof, formatProofFile({ leafIndex: 1, hashes, checkpoint: log.seals[0]?.checkpointNote ?? '' }));
    await writeFile(record, `${second}\n`);
    const pass = await run([proof, '--record', record, '--key', log.signer.vkey]);
    expect(pass.code).to.equal(0);
    expect(pass.out).to.match(/^INCLUSION {5}PASS {4}record 1 is in bastion\.example\/abcdefghijklm \(size 2,/);
    await writeFile(record, second.replace('network', 'netwerk'));
    const fail = await run([proof, '--record', record, '--key', log.signer.vkey]);
    expect([fail.code, fail.out.includes('proof-leaf-mismatch')]).to.deep.equal([1, true]);
    expect(await run([proof, '--key', log.signer.vkey])).to.include({ code: 2, err: 'usage' });
  });

  it('draws a bar on a terminal and takes it away again', async () => {
    const log = twentyRecords();
    const { err } = await run([await writeArchive(log), '--key', log.signer.vkey], { isTerminal: true, columns: 120 });
    expect(err)
      .to.include('█')
      .and.to.match(/\r\u001b\[K$/);
  });

  it('never prints control characters of keys it found', async () => {
    const log = twentyRecords();
    const archive = await writeArchive(log);
    await writeFile(join(archive, log.folder, 'seal', 'x\u001b[2J'), 'x');
    await writeFile(join(archive, log.folder, 'y\u202e'), 'x');
    for (const flags of [[], ['--json']]) {
      const { out } = await run([archive, '--key', log.signer.vkey, ...flags]);
      expect(out).to.not.match(/[\u001b\u202e]/);
      expect(out).to.include('unknown-key');
    }
  });
});

function rootOf(log: sample.SampleArchive): string {
  return encodeBase64(log.seals.at(-1)?.manifest.root ?? new Uint8Array());
}

/** The files' own time: when this test wrote them. */
function minute(out: string): string {
  return /\d{4}-\d{2}-\d{2} \d{2}:\d{2}Z/.exec(out)?.[0] ?? '';
}
