// From the wrapper into the log: a real recorder, a real Terraform through `exec`, and what the log then says of the run.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { findProgram, requireComponent } from '../support/components.ts';
import { createRandom } from '../support/seeded-random.ts';
import { readLog } from '../support/state-bucket.ts';
import { packProgram, type PackedProgram } from '../support/packed-program.ts';
import { spawnStateseal, type StatesealProcess } from '../support/stateseal-process.ts';
import { makeWays } from '../support/wrapped-terraform.ts';

const HOOKS = fileURLToPath(new URL('../../hooks', import.meta.url));
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

  it('a job with a hook: its steps, and one change with what the kernel, the lock, the job and the checkout say', async () => {
    const [room, dataDir] = [join(folder, 'job'), join(folder, 'job-data')];
    const spoolDir = join(dataDir, 'spool');
    mkdirSync(join(room, '.git'), { recursive: true });
    writeFileSync(join(room, '.git', 'HEAD'), `${'b'.repeat(40)}\n`);
    const config = (input: string): void =>
      writeFileSync(
        join(room, 'main.tf'),
        `resource "terraform_data" "a" {\n  input = "${input}"\n  provisioner "local-exec" { command = "sleep 1" }\n}\n`,
      );
    const ways = makeWays(join(folder, 'job-ways'), packed.bin, spoolDir);
    config('one');
    daemon = spawnStateseal(['watch', room, '--data-dir', dataDir, '--http', 'off']);
    await daemon.until(/ready/u);
    const env = {
      ...{ GITLAB_CI: 'true', GITLAB_USER_LOGIN: 'carol', CI_COMMIT_SHA: COMMIT, CI_JOB_TOKEN: CANARY },
      ...{ CI_PROJECT_URL: 'https://gitlab.example/acme/infra', CI_MERGE_REQUEST_IID: '12' },
      ...{ CI_JOB_URL: `https://gitlab.example/acme/infra/-/jobs/7?t=${CANARY}` },
      ...{
        STATESEAL_HOOKS_DIR: HOOKS,
        STATESEAL_SHIM_DIR: join(folder, 'job-ways', 'shim'),
        STATESEAL_HOOK_SECONDS: '30',
      },
    };
    const job = (script: string) => ways.sh('bare', room, `. ${HOOKS}/gitlab-pre-build.sh; ${script}`, env);
    expect((await job('terraform apply -no-color -auto-approve')).code).to.equal(0);
    expect((await job('sleep 1; kill -TERM $$; sleep 5')).signal).to.equal('SIGTERM');
    await untilAttributed(dataDir, 1);
    const reported = await until(
      () => Promise.resolve(toRecords(dataDir).filter(({ type }) => type === 'platform.reported')),
      4,
    );
    expect(reported.map(({ data }) => [data['event'], data['outcome']])).to.deep.equal([
      ['job-started', 'unknown'],
      ['job-finished', 'succeeded'],
      ['job-started', 'unknown'],
      ['job-finished', 'failed'],
    ]);
    for (const { data } of reported) {
      expect(toLines(data['claims'])).to.include.members([
        'claimed actor gitlab:carol',
        `claimed commit ${COMMIT}`,
        'claimed job-url https://gitlab.example/acme/infra/-/jobs/7',
      ]);
    }
    const json = (await spawnStateseal(['log', '--data-dir', dataDir, '--json']).finished()).stdout.trim();
    const change = JSON.parse(json) as { number: number; claims: unknown };
    const me = process.getuid?.() ?? -1;
    expect(toLines(change.claims)).to.include.members([
      `claimed actor user:${userInfo().username}`,
      `observed actor uid:${me}`,
      `observed uid uid:${me}`,
      'claimed actor gitlab:carol',
      `claimed commit ${COMMIT}`,
      `claimed commit ${'b'.repeat(40)}`,
    ]);
    const shown = (await spawnStateseal(['show', String(change.number), '--data-dir', dataDir]).finished()).stdout;
    for (const part of ['gitlab:carol', COMMIT.slice(0, 12), userInfo().username, 'observed', 'claimed']) {
      expect(shown).to.contain(part);
    }
    expect(json + shown).not.to.contain(CANARY);
    expect((await daemon.stop()).code).to.equal(0);
  });

  it('two jobs of one account in the same second, next to each other: each change is its own run', async () => {
    const rounds = process.env['STATESEAL_FULL'] === '1' ? 20 : 8;
    const seed = Number(process.env['STATESEAL_SEED'] ?? 77);
    console.log(`      ${rounds} rounds, STATESEAL_SEED=${seed}`);
    const random = createRandom(seed);
    const [root, dataDir] = [join(folder, 'pair'), join(folder, 'pair-data')];
    const ways = makeWays(join(folder, 'pair-ways'), packed.bin, join(dataDir, 'spool'));
    const people = ['alice', 'bob'];
    for (const name of people) mkdirSync(join(root, name), { recursive: true });
    daemon = spawnStateseal(['watch', root, '--data-dir', dataDir, '--http', 'off']);
    await daemon.until(/ready/u);
    const apply = async (name: string, round: number): Promise<void> => {
      writeFileSync(join(root, name, 'main.tf'), `resource "terraform_data" "a" {\n  input = "${name} ${round}"\n}\n`);
      await delay(200 * random());
      const env = { GITLAB_CI: 'true', GITLAB_USER_LOGIN: name };
      const told = await ways.sh('shim', join(root, name), 'terraform apply -no-color -auto-approve', env);
      expect(told.code, told.stderr).to.equal(0);
    };
    for (let round = 0; round < rounds; round += 1) await Promise.all(people.map((name) => apply(name, round)));
    const text = await untilAttributed(dataDir, 2 * rounds, 'gitlab:');
    const changes = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { state: { name: string }; claims: unknown });
    expect(changes).to.have.length(2 * rounds);
    for (const { state, claims } of changes) {
      const actors = toLines(claims).filter((line) => line.startsWith('claimed actor gitlab:'));
      expect(actors, state.name).to.deep.equal([`claimed actor gitlab:${state.name}`]);
    }
    expect((await daemon.stop()).code).to.equal(0);
  });

  const toRecords = (dataDir: string) => readLog(dataDir).map(({ record }) => record);

  const until = async <T>(find: () => Promise<readonly T[]>, count: number): Promise<readonly T[]> => {
    let found: readonly T[] = [];
    for (const deadlineMs = Date.now() + 60_000; Date.now() < deadlineMs; await delay(300)) {
      found = await find();
      if (found.length >= count) return found;
    }
    throw new Error(`expected ${count}, got ${found.length}: ${JSON.stringify(found)}`);
  };

  /** The changes of the log, a line each, once so many of them have an actor. */
  const untilAttributed = async (dataDir: string, count: number, actor = 'gitlab:carol'): Promise<string> => {
    let text = '';
    await until(async () => {
      text = (await spawnStateseal(['log', '--data-dir', dataDir, '--json']).finished()).stdout;
      return text.split('\n').filter((line) => line.includes(actor));
    }, count);
    return text;
  };
});

function toLines(claims: unknown): readonly string[] {
  return (claims as readonly Record<string, string>[]).map(({ known, field, value }) => `${known} ${field} ${value}`);
}
