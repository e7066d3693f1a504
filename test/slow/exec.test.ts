// `stateseal exec` and the shim against the bare command, with a real Terraform: the same bytes, prompts, codes, signals
// and files, in pipes and in a real terminal (tmux).
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { findProgram, requireComponent } from '../support/components.ts';
import { makeClientSpool, type ClientSpool } from '../support/client-spool.ts';
import { packProgram } from '../support/packed-program.ts';
import { makeWays, WAYS, type Told, type Way, type Ways } from '../support/wrapped-terraform.ts';

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
    requireComponent(this, 'tmux', findProgram('tmux') !== undefined, 'apt-get install -y tmux');
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
    return told.map((each) => ({ ...each, stdout: masked(each.stdout), stderr: masked(each.stderr) }));
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

  describe('in a terminal', () => {
    const tmux = (...args: readonly string[]): string =>
      execFileSync('tmux', ['-S', join(folder, 'socket'), ...args], { encoding: 'utf8', timeout: 10_000 });
    const until = async (pattern: RegExp): Promise<string> => {
      for (const deadlineMs = Date.now() + 30_000; Date.now() < deadlineMs; await delay(50)) {
        const screen = tmux('capture-pane', '-p', '-e', '-S', '-200');
        if (pattern.test(screen)) return screen;
      }
      throw new Error(`expected ${pattern} on the screen, got:\n${tmux('capture-pane', '-p')}`);
    };
    const open = (way: Way, dir: string): void => {
      const env = Object.entries(ways.environment(way)).map(([name, value]) => `${name}='${value ?? ''}'`);
      tmux(
        '-f',
        '/dev/null',
        'new-session',
        '-d',
        '-x',
        '120',
        '-y',
        '50',
        '-c',
        dir,
        `exec env ${env.join(' ')} bash --norc --noprofile`,
      );
      type(`PS1='ready> '; alias t='${ways.call(way)}'; shopt -s expand_aliases; clear`);
    };
    const type = (text: string): void => {
      tmux('send-keys', '-l', text);
      tmux('send-keys', 'Enter');
    };
    const screens = async (config: string, act: () => Promise<string>): Promise<string> => {
      const seen: string[] = [];
      for (const way of WAYS) {
        open(way, room(config));
        await until(/^ready>\s*$/mu);
        seen.push(masked(await act()));
        tmux('kill-server');
      }
      expect(seen[1]).to.equal(seen[0]);
      expect(seen[2]).to.equal(seen[0]);
      return seen[0] ?? '';
    };

    it('prompts, colours and answers are the same', async () => {
      const screen = await screens(CONFIG, async () => {
        type('t apply; echo "code $?."');
        await until(/Enter a value:/u);
        type('yes');
        return until(/code \d+\./u);
      });
      expect(screen)
        .to.contain('\u001b[')
        .and.contain('Apply complete!')
        .and.match(/code 0\./u);
    });

    it('Ctrl-C at the prompt, and once in a running apply', async () => {
      await screens(CONFIG, async () => {
        type('t apply; echo "code $?."');
        await until(/Enter a value:/u);
        tmux('send-keys', 'C-c');
        // Two threads of Terraform write here, in no order of theirs; one of them not always.
        return plainLines(await until(/code \d+\./u)).replaceAll(/^(?:Interrupt|Please wait|Gracefully).*\n/gmu, '');
      });
      const screen = await screens(SLOW, async () => {
        type('t apply -auto-approve; echo "code $?."');
        await until(/Executing: /u);
        tmux('send-keys', 'C-c');
        // How often it says that execution halted is Terraform's own race: its lines count once here.
        return [...new Set(plainLines(await until(/code \d+\./u)).split('\n'))].join('\n');
      });
      expect(screen).to.contain('Interrupt received').and.not.contain('Two interrupts');
    });

    it('Ctrl-Z stops, fg goes on', async () => {
      const screen = await screens(CONFIG, async () => {
        type('t apply');
        await until(/Enter a value:/u);
        tmux('send-keys', 'C-z');
        await until(/Stopped/u);
        type('fg >/dev/null; echo "code $?."');
        await delay(300);
        type('yes');
        return (await until(/code \d+\./u)).replaceAll(/^.*(?:Stopped|fg ).*$/gmu, '');
      });
      expect(screen).to.contain('Apply complete!');
    });
  });
});

function plainLines(screen: string): string {
  const plain = screen.replaceAll(/\u001b\[[0-9;]*m/gu, '').replace('context canceled', 'interrupted');
  return plain
    .split('\n')
    .filter((line) => line.trim() !== '' && !/Still creating/u.test(line))
    .sort()
    .join('\n');
}

/** Ids, times and pids differ between any two runs. */
function masked(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gu, '<id>')
    .replaceAll(/after \d+m?s|\[\d+m\d+s elapsed\]|\d+s elapsed/gu, '<time>')
    .replaceAll(/^\[\d+\] \d+$/gmu, '<job>')
    .replaceAll(/stateseal exec --quiet -- terraform|\bt(?= apply)/gu, 'terraform');
}
