// exec while everything of ours is broken: no recorder, no spool, one that cannot be read, is full, or lies on a full disk;
// a wrapper that is killed; a backend that does not answer. Terraform runs all the same, or not at all with
// --fail-closed. And what is delivered on the good days, with canaries in everything around it.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { RunFinishedObservation } from '../../daemon/record/run.ts';
import { INGEST_PUB, NEW, REFUSED, TMP } from '../../daemon/spool/layout.ts';
import { makeClientSpool, type ClientSpool, type Delivered } from '../support/client-spool.ts';
import { findProgram, requireComponent } from '../support/components.ts';
import { canMount, onFullDisk } from '../support/full-disk.ts';
import { packProgram, type PackedProgram } from '../support/packed-program.ts';
import { spawnStateseal } from '../support/stateseal-process.ts';
import { makeWays, maskVarying, WAYS, type Told, type Ways } from '../support/wrapped-terraform.ts';

const CONFIG = 'variable "name" { default = "a" }\nresource "terraform_data" "one" { input = var.name }\n';
const CANARY = 'canary-7Hq9zT2mXw';

describe('exec while something is broken', function () {
  this.timeout(180_000);
  let folder: string;
  let room: string;
  let spool: ClientSpool;
  let ways: Ways;
  let packed: PackedProgram;

  before(function () {
    requireComponent(this, 'terraform', findProgram('terraform') !== undefined, 'terraform 1.11 on PATH');
    packed = packProgram();
  });
  after(() => packed?.remove());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-exec-'));
    spool = await makeClientSpool(join(folder, 'spool'));
    ways = makeWays(folder, packed.bin, spool.dir);
    room = join(folder, 'infra');
    mkdirSync(room);
    writeFileSync(join(room, 'main.tf'), CONFIG);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));

  const exec = (flags: string, command: string, env: Readonly<Record<string, string>> = {}): Promise<Told> =>
    ways.sh('exec', room, `stateseal exec ${flags} -- ${command}`, env);
  const apply = 'terraform apply -no-color -auto-approve';
  const state = (): string => join(room, 'terraform.tfstate');

  /**
   * A run that works and one that fails, three ways with the settings of every user: the same bytes and codes, and no
   * more time than promised. 2 s are ours, the rest is the machine's.
   */
  const expectSame = async (env: Readonly<Record<string, string>> = {}): Promise<void> => {
    for (const [command, code] of [
      [apply, 0],
      [`${apply} -var=undeclared=1`, 1],
    ] as const) {
      const seen: { readonly told: Told; readonly tookMs: number }[] = [];
      for (const way of WAYS) {
        rmSync(state(), { force: true });
        const startedMs = performance.now();
        const told = await ways.sh(way, room, command.replace('terraform', ways.call(way)), env);
        const tookMs = performance.now() - startedMs;
        seen.push({ told: { ...told, stdout: maskVarying(told.stdout), stderr: maskVarying(told.stderr) }, tookMs });
      }
      const [bare, ...others] = seen;
      expect(bare?.told.code).to.equal(code);
      for (const { told, tookMs } of others) {
        expect(told).to.deep.equal(bare?.told);
        expect(tookMs - (bare?.tookMs ?? 0)).to.be.below(5_000);
      }
    }
  };

  /** Terraform did its work; one line at most says that it is not recorded. */
  const expectRun = async (reason: RegExp, env: Readonly<Record<string, string>> = {}): Promise<void> => {
    rmSync(state(), { force: true });
    const told = await exec('--budget 20s', apply, env);
    expect(told.code).to.equal(0);
    expect(told.stdout)
      .to.match(/Apply complete!/u)
      .and.not.match(/stateseal/u);
    expect(told.stderr).to.match(
      new RegExp(`^stateseal: this run is not recorded \\(${reason.source}\\): [^\\n]*\\n$`, 'u'),
    );
    const quiet = await ways.sh('shim', room, apply, env);
    expect([quiet.code, quiet.stderr]).to.deep.equal([0, '']);
    const closed = await exec('--fail-closed --budget 20s', 'touch started', env);
    expect(closed.code).to.equal(2);
    expect(closed.stderr).to.match(/^stateseal: .* \[run-not-recorded\]\nhint: .*not started.*\n$/u);
    expect(existsSync(join(room, 'started'))).to.equal(false);
    await expectSame(env);
  };

  it('a recorder that hangs, and one that was killed', async () => {
    const dataDir = join(folder, 'data');
    const options = { env: { STATESEAL_SPOOL: '' } };
    const recorder = spawnStateseal(['watch', room, '--data-dir', dataDir, '--http', 'off'], options);
    try {
      await recorder.until(/ready/u);
      recorder.child.kill('SIGSTOP');
      await expectSame({ STATESEAL_SPOOL: join(dataDir, 'spool') });
      recorder.child.kill('SIGKILL');
      await recorder.finished();
      await expectSame({ STATESEAL_SPOOL: join(dataDir, 'spool') });
    } finally {
      await recorder.stop('SIGKILL');
    }
  });

  it('no spool, a spool of nobody, a key that is a FIFO or has another owner', async () => {
    await expectRun(/no-spool/u, { STATESEAL_SPOOL: join(folder, 'nowhere') });
    expect(existsSync(join(folder, 'nowhere'))).to.equal(false);
    rmSync(join(spool.dir, INGEST_PUB));
    execFileSync('mkfifo', [join(spool.dir, INGEST_PUB)]);
    await expectRun(/no-spool/u);
  });

  it('a full spool, and a quota', async () => {
    writeFileSync(join(spool.dir, REFUSED), 'full\n');
    await expectRun(/spool-full/u);
    writeFileSync(join(spool.dir, REFUSED), `uid:${process.getuid?.() ?? 0}\n`);
    await expectRun(/quota/u);
    expect(readdirSync(join(spool.dir, TMP))).to.deep.equal([]);
  });

  it('a full disk under the spool', async function () {
    requireComponent(this, 'a file system to mount', canMount(), 'run as root, with mount(8)');
    const disk = join(folder, 'disk');
    await onFullDisk(disk, async () => {
      await expectRun(/disk-full/u, { STATESEAL_SPOOL: disk });
      expect(readdirSync(join(disk, NEW))).to.deep.equal([]);
    });
  });

  it('with --fail-closed and a spool, Terraform runs under the pid that was recorded', async () => {
    const told = await exec('--fail-closed --budget 20s', "sh -c 'echo $$'");
    expect(told.code).to.equal(0);
    const started = (await spool.until(2))
      .map(({ observation }) => observation)
      .find(({ kind }) => kind === 'run.started');
    expect(started?.kind === 'run.started' && started.process.pid).to.equal(Number(told.stdout));
    expect(started?.kind === 'run.started' && started.process.startTicks).to.match(/^\d+$/u);
  });

  it('a wrapper that is killed: the run goes on, and its end is told as unknown', async () => {
    const told = await exec('', "sh -c 'sleep 1; kill -KILL $PPID; sleep 1; touch survived'");
    expect(told.signal).to.equal('SIGKILL');
    const end = finishedOf(await spool.until(2));
    expect(end).to.include({ exitCode: -1, signal: '' });
    expect(existsSync(join(room, 'survived'))).to.equal(true);
  });

  it('commands that are not there, and wrong flags', async () => {
    expect((await exec('', 'no-such-command')).code).to.equal(127);
    expect((await exec('', room)).code).to.equal(126);
    const wrong = await ways.sh(
      'exec',
      room,
      `stateseal exec ${CANARY}; echo $?; stateseal exec --nope=${CANARY} -- true; echo $?`,
    );
    expect(wrong.stdout).to.equal('2\n2\n');
    expect(wrong.stderr).not.to.contain(CANARY);
  });

  describe('on a remote backend', () => {
    let server: Server;
    let stored: Buffer | undefined;
    let isHanging: boolean;

    beforeEach(async () => {
      [stored, isHanging] = [undefined, false];
      server = createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          if (request.method === 'POST') stored = Buffer.concat(chunks);
          if (request.method === 'GET' && isHanging && stored !== undefined) return;
          response.statusCode = request.method === 'GET' && stored === undefined ? 404 : 200;
          response.end(request.method === 'GET' ? stored : undefined);
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      writeFileSync(join(room, 'backend.tf'), 'terraform {\n  backend "http" {}\n}\n');
    });
    afterEach(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/state?token=${CANARY}`;

    it('the state afterwards, the plan, and no canary outside the box', async () => {
      const env = {
        ...{ TF_HTTP_ADDRESS: address(), TF_HTTP_USERNAME: 'u', TF_HTTP_PASSWORD: CANARY, TF_VAR_name: CANARY },
        ...{ TF_CLI_ARGS: '-compact-warnings', CI_JOB_TOKEN: CANARY, GITLAB_CI: 'true', GITLAB_USER_LOGIN: 'carol' },
        ...{ CI_JOB_URL: `https://t:${CANARY}@gitlab.example/jobs/1?x=${CANARY}` },
      };
      mkdirSync(join(room, '.git'));
      writeFileSync(join(room, '.git', 'HEAD'), `${'a'.repeat(40)}\n`);
      writeFileSync(
        join(room, '.git', 'config'),
        `[remote "origin"]\n\turl = https://x:${CANARY}@github.com/acme/infra\n`,
      );
      const init = await exec('', `terraform init -backend-config=password=${CANARY}`, { ...env, TF_CLI_ARGS: '' });
      expect(init.code, init.stderr).to.equal(0);
      const plan = await exec('', `terraform plan -out=p -var name=${CANARY}`, { ...env, TF_CLI_ARGS: '' });
      expect(plan.code, plan.stderr).to.equal(0);
      // The flags meant for apply are none of `state pull`.
      const done = await exec('--budget 20s', 'terraform apply -auto-approve p', {
        ...env,
        TF_CLI_ARGS_apply: '-compact-warnings',
        TF_CLI_ARGS: '',
      });
      expect(done.code, done.stderr).to.equal(0);
      const seen = await spool.until(6);
      const ends = seen.filter(({ observation }) => observation.kind === 'run.finished');
      const kinds = ends.map(({ attachments }) => attachments.map(({ kind }) => kind).join());
      expect(kinds.toSorted()).to.deep.equal(['', 'plan', 'state']);
      // What is applied comes with the start: a plan recorded after the first write would not count.
      const starts = seen.filter(({ observation }) => observation.kind === 'run.started');
      const brought = starts.map(({ attachments }) => attachments.map(({ kind }) => kind).join());
      expect(brought.toSorted()).to.deep.equal(['', '', 'plan']);
      const pulled = ends.flatMap(({ attachments }) => attachments).find(({ kind }) => kind === 'state');
      expect(JSON.parse(Buffer.from(pulled?.bytes ?? []).toString())).to.deep.equal(JSON.parse(String(stored)));
      expect(finishedOf(ends).backend).to.deep.equal({
        type: 'http',
        workspace: 'default',
        reference: address().replace(/\?.*/u, ''),
        statePath: '',
      });
      // What is in clear inside the box too: the observation; and every file of the spool.
      expect(JSON.stringify(seen.map(({ observation }) => observation))).not.to.contain(CANARY);
      for (const name of readdirSync(join(spool.dir, NEW))) {
        const path = join(spool.dir, NEW, name);
        expect(readFileSync(path).includes(CANARY), name).to.equal(false);
        expect(statSync(path).mode & 0o077, name).to.equal(0);
      }
      expect(readdirSync(join(spool.dir, TMP))).to.deep.equal([]);
    });

    it('a backend that does not answer afterwards: who asks us to end is heard, and the record comes without the state', async () => {
      const env = { TF_HTTP_ADDRESS: address() };
      expect((await exec('', 'terraform init', env)).code).to.equal(0);
      isHanging = true;
      const script = `stateseal exec --pull 4s -- ${apply} >out & pid=$!
        for i in $(seq 300); do grep -q 'Apply complete' out && break; sleep 0.1; done
        sleep 1; kill -0 $pid && echo waiting; kill -TERM $pid; wait $pid; echo "code $?"`;
      const startedMs = performance.now();
      const told = await ways.sh('exec', room, script, env);
      expect(told.stdout).to.equal('waiting\ncode 0\n');
      const waitedMs = performance.now() - startedMs;
      const ends = (await spool.until(4)).filter(({ observation }) => observation.kind === 'run.finished');
      // The reporter gave the backend its whole time; nobody else had to.
      expect(performance.now() - startedMs).to.be.above(waitedMs);
      expect(ends).to.have.length(2);
      expect(finishedOf(ends)).to.include({ exitCode: 0 });
      expect(ends.flatMap(({ attachments }) => attachments)).to.deep.equal([]);
    });
  });
});

function finishedOf(seen: readonly Delivered[]): RunFinishedObservation {
  const last = seen.map(({ observation }) => observation).findLast(({ kind }) => kind === 'run.finished');
  if (last?.kind !== 'run.finished') throw new Error('expected the end of a run');
  return last;
}
