// `stateseal shim install | remove` as a user runs it, and terraform and tofu through what it installs. Another program in
// the folder is neither overwritten nor removed.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { makeClientSpool, type ClientSpool } from '../support/client-spool.ts';
import { findProgram, requireComponent } from '../support/components.ts';
import { packProgram, type PackedProgram } from '../support/packed-program.ts';
import { makeWays, type Told, type Ways } from '../support/wrapped-terraform.ts';

describe('stateseal shim', function () {
  this.timeout(180_000);
  let folder: string;
  let dir: string;
  let spool: ClientSpool;
  let ways: Ways;
  let packed: PackedProgram;

  before(function () {
    requireComponent(this, 'terraform', findProgram('terraform') !== undefined, 'terraform 1.11 on PATH');
    packed = packProgram();
  });
  after(() => packed?.remove());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-shim-'));
    dir = join(folder, 'installed');
    spool = await makeClientSpool(join(folder, 'spool'));
    ways = makeWays(folder, packed.bin, spool.dir);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));

  const sh = (script: string): Promise<Told> => ways.sh('bare', folder, script);
  const shim = (action: string): Promise<Told> => sh(`stateseal shim ${action} --dir '${dir}'`);

  it('installs, records a terraform and a tofu, is installed again, and is removed', async () => {
    expect((await shim('install')).code).to.equal(0);
    expect(readdirSync(dir).toSorted()).to.deep.equal(['terraform', 'tofu']);
    mkdirSync(join(folder, 'infra'));
    writeFileSync(join(folder, 'infra/main.tf'), 'resource "terraform_data" "one" {}\n');
    writeFileSync(join(folder, 'bin/tofu'), '#!/bin/sh\necho "tofu $*"\nexit 3\n');
    chmodSync(join(folder, 'bin/tofu'), 0o755);
    const through = `cd infra; PATH='${dir}':"$PATH"`;
    const applied = await sh(`${through}; terraform apply -no-color -auto-approve`);
    expect([applied.code, applied.stderr]).to.deep.equal([0, '']);
    expect(applied.stdout).to.contain('Apply complete!');
    const tofu = await sh(`${through}; tofu apply -no-color`);
    expect(tofu).to.deep.equal({ code: 3, signal: null, stdout: 'tofu apply -no-color\n', stderr: '' });
    const ends = (await spool.until(4)).flatMap(({ observation }) =>
      observation.kind === 'run.finished' ? [`${observation.command.tool} ${observation.exitCode}`] : [],
    );
    expect(ends).to.have.members(['terraform 0', 'tofu 3']);
    writeFileSync(join(dir, 'terraform'), '#!/bin/sh\n# stateseal shim: an older one\n');
    expect((await shim('install')).code).to.equal(0);
    expect(readFileSync(join(dir, 'terraform'), 'utf8')).to.equal(readFileSync(join(dir, 'tofu'), 'utf8'));
    expect((await shim('remove')).code).to.equal(0);
    expect(readdirSync(dir)).to.deep.equal([]);
    expect((await shim('remove')).code).to.equal(0);
  });

  it('neither overwrites nor removes another program', async () => {
    mkdirSync(dir);
    writeFileSync(join(dir, 'tofu'), '\u007fELF real');
    for (const action of ['install', 'remove']) {
      const told = await shim(action);
      expect(told.code, action).to.equal(2);
      expect(told.stderr).to.contain('[shim-taken]');
      expect(readFileSync(join(dir, 'tofu'), 'utf8')).to.equal('\u007fELF real');
      expect(existsSync(join(dir, 'terraform'))).to.equal(false);
    }
  });
});
