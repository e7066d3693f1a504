// From the wrapper into the log: a real recorder, a real Terraform through `exec`, and what the log then says of the run.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { findProgram, requireComponent } from '../support/components.ts';
import { packProgram, type PackedProgram } from '../support/packed-program.ts';
import { spawnStateseal, type StatesealProcess } from '../support/stateseal-process.ts';
import { makeWays } from '../support/wrapped-terraform.ts';

const CANARY = 'canary-7Hq9zT2mXw';
const COMMIT = 'c0ffee'.padEnd(40, '0');

describe('exec in front of a recorder', function () {
  this.timeout(180_000);
  let folder: string;
  let packed: PackedProgram;
  let daemon: StatesealProcess | undefined;

  before(function () {
    requireComponent(this, 'terraform', findProgram('terraform') !== undefined, 'terraform 1.11 on PATH');
    packed = packProgram();
    folder = mkdtempSync(join(tmpdir(), 'stateseal-exec-'));
  });
  after(async () => {
    await daemon?.stop('SIGKILL');
    packed?.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  });

  it('the log says who, which commit and which run; while it was stopped, too', async () => {
    const [room, dataDir] = [join(folder, 'infra'), join(folder, 'data')];
    const spoolDir = join(dataDir, 'spool');
    mkdirSync(room);
    writeFileSync(
      join(room, 'main.tf'),
      'variable "x" {}\nresource "terraform_data" "one" { input = sensitive(var.x) }\n',
    );
    const ways = makeWays(folder, packed.bin, spoolDir);
    const env = { GITLAB_CI: 'true', GITLAB_USER_LOGIN: 'carol', CI_COMMIT_SHA: COMMIT, STATESEAL_SPOOL: spoolDir };
    const watch = (): StatesealProcess =>
      spawnStateseal(['watch', room, '--data-dir', dataDir, '--http', 'off'], { env: { STATESEAL_SPOOL: '' } });
    const apply = async (value: string): Promise<void> => {
      const told = await ways.sh('shim', room, `terraform apply -no-color -auto-approve -var x=${CANARY}${value}`, env);
      expect(told.code, told.stderr).to.equal(0);
    };
    await ways.sh('bare', room, `terraform apply -no-color -auto-approve -var x=${CANARY}0`, env);
    daemon = watch();
    await daemon.until(/ready/u);
    await apply('1');
    await untilAttributed(dataDir, 1);
    expect((await daemon.stop()).code).to.equal(0);
    await apply('2');
    daemon = watch();
    const text = await untilAttributed(dataDir, 2);
    expect(text).to.contain(COMMIT).and.not.contain(CANARY);
    expect((await daemon.stop()).code).to.equal(0);
    expect(daemon.stdout() + daemon.stderr()).not.to.contain(CANARY);
    for (const path of readdirSync(dataDir, { recursive: true, withFileTypes: true })) {
      if (!path.isFile()) continue;
      expect(readFileSync(join(path.parentPath, path.name)).includes(CANARY), path.name).to.equal(false);
    }
  });

  /** The changes of the log, once so many of them have an actor. */
  const untilAttributed = async (dataDir: string, count: number): Promise<string> => {
    let text = '';
    for (const deadlineMs = Date.now() + 60_000; Date.now() < deadlineMs; await delay(500)) {
      text = (await spawnStateseal(['log', '--data-dir', dataDir, '--json']).finished()).stdout;
      if (text.split('\n').filter((line) => line.includes('gitlab:carol')).length >= count) return text;
    }
    throw new Error(`expected ${count} changes with an actor in the log, got:\n${text}`);
  };
});
