import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { proveCommand } from '../../daemon/commands/prove.ts';
import { leafHash } from '../../daemon/merkle/hash.ts';
import { createVerifier } from '../../daemon/merkle/note.ts';
import { parseProofFile, verifyProofFile } from '../../daemon/merkle/proof-file.ts';
import { openSampleLog, ORIGIN, SIGNER, type SampleLog } from '../support/sample-log.ts';
import { failureOf, runCommand, type Answer } from './test-context.ts';

describe('stateseal prove', () => {
  let log: SampleLog;
  beforeEach(() => {
    log = openSampleLog();
    for (let number = 0; number < 11; number += 1) log.append('log.heartbeat', {});
  });
  afterEach(() => log.close());

  const run = (...args: string[]): Promise<Answer> => runCommand(proveCommand, args, { dataDir: log.folder });
  const verify = (text: string, leafIndex: number): number => {
    const leaf = leafHash(log.entries.read(leafIndex)?.line ?? Buffer.alloc(0));
    return verifyProofFile(parseProofFile(Buffer.from(text)), leaf, [createVerifier(SIGNER.vkey)], ORIGIN).size;
  };

  it('proves every sealed record under the newest signed checkpoint, and no other record', async () => {
    log.seal();
    for (let leafIndex = 0; leafIndex < 11; leafIndex += 1) {
      const { out, code } = await run(String(leafIndex));
      expect([code, verify(out, leafIndex)]).to.eql([0, 11]);
      log.append('future.thing', { leafIndex });
    }
    const { out } = await run('3');
    expect(() => verify(out, 4))
      .to.throw()
      .with.property('code', 'proof-leaf-mismatch');
  });

  it('asks to seal first', async () => {
    const world = { dataDir: log.folder };
    expect(await failureOf(proveCommand, ['3'], world)).to.include({ code: 'not-sealed' });
    log.seal();
    log.append('log.heartbeat', {});
    expect(await failureOf(proveCommand, ['11'], world)).to.include({ code: 'not-sealed' });
    expect(await failureOf(proveCommand, ['12'], world)).to.include({ code: 'record-missing' });
    expect(await failureOf(proveCommand, ['x'], world)).to.include({ code: 'usage' });
  });

  it('writes a new file, never over an old one', async () => {
    log.seal();
    const path = join(log.folder, 'n.tlog-proof');
    const { out } = await run('#2', '--out', path);
    expect(out).to.equal('');
    expect(verify(readFileSync(path, 'utf8'), 2)).to.equal(11);
    expect(await failureOf(proveCommand, ['2', '--out', path], { dataDir: log.folder })).to.include({
      code: 'output-failed',
    });
    expect(JSON.parse((await run('2', '--json')).out)).to.include({ object: 'proof', number: 2, size: 11 });
  });
});
