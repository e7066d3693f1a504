// Runs of a real Terraform through `exec` that fail, are stopped or are killed, beside what the log says of them: each
// operation as Terraform itself told it, and nothing of what it planned counted as done.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { objectAt, objectsAt, textAt } from '../../daemon/store/queries-fields.ts';
import type { JsonObject } from '../../daemon/json/value.ts';
import { findProgram, requireComponent } from '../support/components.ts';
import { packProgram, type PackedProgram } from '../support/packed-program.ts';
import { createFirst, formatThing } from '../support/provider/configuration.ts';
import { scriptedBlock, startProvider } from '../support/provider/provider.ts';
import { readLog } from '../support/state-bucket.ts';
import { spawnStateseal, type StatesealProcess } from '../support/stateseal-process.ts';
import { makeWays, type Told, type Ways } from '../support/wrapped-terraform.ts';

const CANARY = 'canary-5Rt8mQz2';
const APPLY = 'stateseal exec --quiet -- terraform apply -json -auto-approve';

describe('runs that fail, through exec', function () {
  this.timeout(180_000);
  let base: string;
  let room: string;
  let dataDir: string;
  let packed: PackedProgram;
  let ways: Ways;
  let daemon: StatesealProcess | undefined;

  before(function () {
    requireComponent(this, 'terraform', findProgram('terraform') !== undefined, 'terraform 1.11 on PATH');
    packed = packProgram();
  });
  after(() => packed?.remove());
  beforeEach(async () => {
    base = mkdtempSync(join(tmpdir(), 'stateseal-failing-'));
    [room, dataDir] = [join(base, 'infra'), join(base, 'data')];
    mkdirSync(room);
    ways = makeWays(base, packed.bin, join(dataDir, 'spool'));
    daemon = spawnStateseal(['watch', room, '--data-dir', dataDir, '--http', 'off']);
    await daemon.until(/ready/u);
  });
  afterEach(async () => {
    await daemon?.stop();
    expect((daemon?.stdout() ?? '') + (daemon?.stderr() ?? '')).not.to.contain(CANARY);
    rmSync(base, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  });

  const write = (body: string): void => writeFileSync(join(room, 'main.tf'), body);
  const step = (name: string, command: string, more = ''): string =>
    `resource "terraform_data" "${name}" {\n  ${more}\n  provisioner "local-exec" { command = "${command}" }\n}\n`;

  /** The newest of so many ends of runs. */
  const untilEnds = async (count: number): Promise<JsonObject> => {
    for (const deadlineMs = Date.now() + 60_000; Date.now() < deadlineMs; await delay(200)) {
      const ends = readLog(dataDir).filter(({ record }) => record.type === 'run.finished');
      if (ends.length >= count) return ends.at(-1)?.record.data ?? {};
    }
    throw new Error(`expected ${count} ends of runs`);
  };
  const operations = (data: JsonObject): string[] =>
    objectsAt(data, 'stream', 'resources')
      .map((each) => ['outcome', 'action', 'address'].map((name) => textAt(each, name)).join(' '))
      .sort();
  const showEnd = async (): Promise<string> => {
    const index = readLog(dataDir).findLast(({ record }) => record.type === 'run.finished')?.leafIndex;
    return (await spawnStateseal(['show', String(index), '--data-dir', dataDir]).finished()).stdout;
  };
  const landed = async (data: JsonObject): Promise<string[]> => {
    const told = await ways.sh('bare', room, 'terraform state list');
    const listed = told.stdout.trim().split('\n');
    const complete = objectsAt(data, 'stream', 'resources').filter((each) => textAt(each, 'outcome') === 'complete');
    for (const each of complete.filter((one) => textAt(one, 'action') === 'create')) {
      expect(listed).to.include(textAt(each, 'address'));
    }
    return listed;
  };

  /** Starts an apply, signals Terraform itself once `file` is there, and waits for the end. */
  const signalled = async (signal: NodeJS.Signals, file: string): Promise<void> => {
    const child = spawn('/bin/bash', ['-c', `exec ${APPLY}`], {
      cwd: room,
      env: ways.environment('exec'),
      stdio: 'pipe',
    });
    child.stdout.resume();
    child.stderr.resume();
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    for (const deadlineMs = Date.now() + 60_000; !existsSync(file); await delay(50)) {
      if (Date.now() > deadlineMs) throw new Error('expected the apply to begin');
    }
    const pid = Number((await ways.sh('bare', room, `pgrep -n -P ${child.pid} -f terraform`)).stdout.trim());
    expect(pid).to.be.greaterThan(1);
    process.kill(pid, signal);
    await closed;
  };

  it('one of three fails: two landed', async () => {
    write(
      step('a', 'true') +
        step('b', `echo ${CANARY}; exit 3`) +
        step('c', 'true') +
        step('d', 'true', 'depends_on = [terraform_data.b]'),
    );
    expect((await ways.sh('exec', room, APPLY)).code).to.equal(1);
    const data = await untilEnds(1);
    expect(operations(data)).to.deep.equal([
      'complete create terraform_data.a',
      'complete create terraform_data.c',
      'errored create terraform_data.b',
      'not-started create terraform_data.d',
    ]);
    expect(textAt(data, 'outcome')).to.equal('failed');
    expect(await landed(data)).not.to.include('terraform_data.d');
    const shown = await showEnd();
    expect(shown).to.contain('failed: 2 of 4 landed').and.contain('… not started: create   terraform_data.d');
    expect(JSON.stringify(readLog(dataDir).map(({ record }) => record)) + shown).not.to.contain(CANARY);
    const log = await spawnStateseal(['log', '--data-dir', dataDir, '--problems']).finished();
    expect(log.stdout).to.contain('failed: 2 of 4 landed');
  });

  it('interrupted: what ran ends, the rest is not begun', async () => {
    const mark = join(base, 'began');
    write(step('a', `touch ${mark}; sleep 2`) + step('b', 'true', 'depends_on = [terraform_data.a]'));
    await signalled('SIGINT', mark);
    const data = await untilEnds(1);
    expect(textAt(data, 'outcome')).to.equal('interrupted');
    expect(operations(data)).to.include('not-started create terraform_data.b');
    expect(await landed(data)).not.to.include('terraform_data.b');
  });

  it('killed: the stream stops, and so does what is known', async () => {
    const mark = join(base, 'began');
    write(
      step('a', 'true') +
        step('b', `touch ${mark}; sleep 3`, 'depends_on = [terraform_data.a]') +
        step('c', 'true', 'depends_on = [terraform_data.b]'),
    );
    await signalled('SIGKILL', mark);
    const data = await untilEnds(1);
    expect(textAt(data, 'outcome')).to.equal('killed');
    expect(operations(data)).to.deep.equal([
      'complete create terraform_data.a',
      'not-started create terraform_data.c',
      'started create terraform_data.b',
    ]);
    expect(objectAt(data, 'stream', 'tally')).to.deep.include({ complete: 1, started: 1, notStarted: 1 });
    expect(await showEnd())
      .to.contain('ended by SIGKILL')
      .and.contain('? no end told: create');
  });

  it('a deposed object that cannot be deleted: it began, and its end is not told', async () => {
    const provider = await startProvider();
    try {
      const env = { TF_REATTACH_PROVIDERS: provider.reattach };
      const apply = (name: string): Promise<Told> => {
        write(`${scriptedBlock}\n${formatThing('a', `name = "${name}"\nfail_on = "delete"\n${createFirst}`)}`);
        return ways.sh('exec', room, `terraform init -no-color >&2 && ${APPLY}`, env);
      };
      expect((await apply('one')).code).to.equal(0);
      expect((await apply('two')).code).to.equal(1);
      const data = await untilEnds(2);
      expect(operations(data)).to.deep.equal(['complete create scripted_thing.a', 'started delete scripted_thing.a']);
      expect(textAt(data, 'outcome')).to.equal('failed');
    } finally {
      await provider.close();
    }
  });
});
