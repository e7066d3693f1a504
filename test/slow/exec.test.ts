// `stateseal exec` and the shim against the bare command, with a real Terraform: the same bytes, prompts, codes, signals
// and files, in pipes. In a terminal: exec-terminal.test.ts.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { findProgram, requireComponent } from '../support/components.ts';
import { makeClientSpool, type ClientSpool } from '../support/client-spool.ts';
import { packProgram } from '../support/packed-program.ts';
import { makeWays, maskVarying, WAYS, type Told, type Ways } from '../support/wrapped-terraform.ts';

const CONFIG = `
variable "name" { default = "a" }
resource "terraform_data" "one" { input = var.name }
output "name" { value = terraform_data.one.output }
`;
const LATER = 'resource "terraform_data" "later" {\n provisioner "local-exec" {\n command = "sleep 1"\n }\n}';
/** A run that can be interrupted: the provisioner sleeps until it is told to stop. */
const SLOW = `
resource "terraform_data" "slow" {
  provisioner "local-exec" { command = "touch begun; exec sleep 30" }
}
`;

describe('exec and the shim against the bare command', function () {
  this.timeout(300_000);
  let folder: string;
  let spool: ClientSpool;
  let ways: Ways;
  let rooms = 0;
  let packed: { readonly bin: string; remove(): void };

  before(function () {
    packed = packProgram();
    requireComponent(this, 'terraform', findProgram('terraform') !== undefined, 'terraform 1.11 on PATH');
  });
  after(() => packed.remove());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-exec-'));
    spool = await makeClientSpool(join(folder, 'spool'));
    ways = makeWays(folder, packed.bin, spool.dir);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));

  /** A working directory of its own under the same short name. */
  const room = (config: string): string => {
    const dir = join(folder, `${(rooms += 1)}`, 'infra');
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'main.tf'), config);
    execFileSync('terraform', ['init', '-no-color'], { cwd: dir, env: ways.environment('bare'), stdio: 'ignore' });
    return dir;
  };
  const threeWays = async (config: string, script: (call: string) => string): Promise<Told[]> => {
    const told = await Promise.all(WAYS.map((way) => ways.sh(way, room(config), script(ways.call(way)), {})));
    return told.map((each) => ({
      ...each,
      stdout: maskVarying(each.stdout),
      stderr: maskJobs(maskVarying(each.stderr)),
    }));
  };
  const expectSame = ([bare, ...others]: readonly Told[]): Told => {
    for (const other of others) expect(other).to.deep.equal(bare);
    return bare as Told;
  };

  it('gives the same bytes and codes in pipes, for what succeeds and what fails', async () => {
    const plan = expectSame(
      await threeWays(
        CONFIG,
        (call) => `${call} plan -no-color -detailed-exitcode -out=p; echo "code $?"; ${call} apply p; echo "code $?"`,
      ),
    );
    expect(plan.stdout).to.match(/code 2[\s\S]*Apply complete![\s\S]*code 0/u);
    const wrong = expectSame(
      await threeWays(CONFIG, (call) => `${call} plan -nonsense; echo "code $?"; ${call} apply -auto-approve -var=`),
    );
    expect(wrong.stderr).to.match(/flag provided but not defined/u);
    expect(wrong.code).to.equal(1);
    const seen = await spool.until(12);
    expect(seen.filter(({ observation }) => observation.kind === 'run.finished')).to.have.length(8);
    expect(seen.flatMap(({ attachments }) => attachments.map(({ kind }) => kind))).to.deep.equal(
      Array<string>(4).fill('plan'),
    );
  });

  it('reads standard input and files handed down as the bare command does', async () => {
    const told = expectSame(
      await threeWays(CONFIG, (call) =>
        [
          `printf 'yes\\n' | ${call} apply -no-color; echo "code $?"`,
          `${call} apply -no-color -auto-approve -var-file=<(printf 'name = "from-a-pipe"'); echo "code $?"`,
          `exec 3>stream; ${call} plan -no-color -var-file=/dev/fd/5 5< <(printf 'name = "five"'); echo "code $?"`,
          `${call} -chdir=../infra output name`,
        ].join('\n'),
      ),
    );
    expect(told.stdout).to.match(
      /Enter a value: [\s\S]*code 0[\s\S]*from-a-pipe[\s\S]*code 0[\s\S]*five[\s\S]*code 0/u,
    );
  });

  it('passes -json through byte for byte, to a slow reader too, and meets a reader that leaves', async () => {
    const told = expectSame(
      await threeWays(CONFIG, (call) =>
        [
          `${call} plan -json > out; echo "code $?"; wc -l < out; sed -E 's/.*"type":"([a-z_]+)".*/\\1/' out`,
          `${call} apply -auto-approve -json | (sleep 1; wc -l)`,
          `${call} plan -json > both 2>&1; wc -l < both`,
          // Something is written a second after the reader has left.
          `echo '${LATER}' > later.tf; set -o pipefail; ${call} apply -auto-approve -json | head -c 1 >/dev/null; echo "pipe $?"`,
        ].join('\n'),
      ),
    );
    expect(told.stdout).to.match(/version\nplanned_change\nchange_summary[\s\S]*pipe 141\n$/u);
    const finished = (await spool.until(12)).filter(({ observation }) => observation.kind === 'run.finished');
    const streams = finished.flatMap(({ attachments }) => attachments);
    // Of each way the first two; the third shares its file with standard error, the fourth lost its reader.
    expect(streams.filter(({ kind }) => kind === 'stream').length).to.be.within(4, 6);
    expect(finished.map(({ observation }) => ('toolVersion' in observation ? observation.toolVersion : ''))).to.include(
      '1.11.4',
    );
  });

  it('is signalled as the bare command is: alone, as a group, and with what it ignores', async () => {
    const begin = (call: string): string => `rm -f begun; ${call} apply -no-color -auto-approve >out 2>err & pid=$!
      for i in $(seq 300); do [ -e begun ] && break; sleep 0.1; done`;
    const report = `wait $pid; echo "code $?"; grep -c 'Interrupt received' out; grep -c 'Two interrupts' out err`;
    const alone = expectSame(await threeWays(SLOW, (call) => `${begin(call)}; kill -TERM $pid; ${report}`));
    expect(alone.stdout).to.match(/^code 1\n1\nout:0\nerr:0\n$/u);
    const group = expectSame(await threeWays(SLOW, (call) => `set -m; ${begin(call)}; kill -TERM -- -$pid; ${report}`));
    expect(group.stdout).to.match(/^code 1\n1\nout:0\nerr:0\n$/u);
    const killed = await threeWays(
      SLOW,
      (call) => `${begin(call)}; kill -HUP $pid; wait $pid 2>/dev/null; echo "code $?"`,
    );
    expect(expectSame(killed).stdout).to.equal('code 129\n');
    const last = (await spool.until(12)).map(({ observation }) => observation);
    expect(last.filter((each) => each.kind === 'run.finished').map(({ signal }) => signal)).to.have.members([
      ...Array<string>(4).fill(''),
      ...Array<string>(2).fill('SIGHUP'),
    ]);
  });

  it('survives a hangup that nohup has it ignore, through the shim', async () => {
    const dir = room(SLOW.replace('sleep 30', 'sleep 2'));
    const told = await ways.sh(
      'shim',
      dir,
      `nohup terraform apply -no-color -auto-approve >out 2>&1 & pid=$!
      for i in $(seq 300); do [ -e begun ] && break; sleep 0.1; done
      kill -HUP $pid; pkill -HUP -P $pid; wait $pid; echo "code $?"; grep -c 'Apply complete' out`,
    );
    expect(told.stdout).to.equal('code 0\n1\n');
  });
});

/** A shell names a job by what was typed for it. */
function maskJobs(text: string): string {
  return text.replaceAll('stateseal exec --quiet -- terraform', 'terraform');
}
