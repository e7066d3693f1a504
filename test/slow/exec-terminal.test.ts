// `stateseal exec` and the shim against the bare command in a real terminal (tmux): what is written to it, byte for byte,
// at prompts, at interrupts and when it is closed; on good days, with a full spool and a recorder that hangs.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { RunFinishedObservation } from '../../daemon/record/run.ts';
import { NEW, REFUSED } from '../../daemon/spool/layout.ts';
import { makeClientSpool, type ClientSpool } from '../support/client-spool.ts';
import { findProgram, requireComponent } from '../support/components.ts';
import { packProgram, type PackedProgram } from '../support/packed-program.ts';
import { formatThing } from '../support/provider/configuration.ts';
import { scriptedBlock, startProvider, type ScriptedProvider } from '../support/provider/provider.ts';
import { spawnStateseal } from '../support/stateseal-process.ts';
import { openTerminal, splitBoxes, toWritten, type Terminal, type Written } from '../support/terminal.ts';
import { makeWays, WAYS, type Way, type Ways } from '../support/wrapped-terraform.ts';

const CONFIG = 'resource "terraform_data" "one" { input = "a" }\noutput "name" { value = terraform_data.one.output }\n';
/** The provisioner is in the terminal's job, too: one Ctrl-C ends it. */
const SLOW =
  'resource "terraform_data" "slow" {\n  provisioner "local-exec" { command = "echo begun; exec sleep 30" }\n}\n';
/** One that does not end: Terraform waits for it until the second interrupt. */
/** The provider does not hear of interrupts, and soon ends: Terraform waits for it. */
const PATIENT = scriptedBlock + formatThing('slow', 'name = "slow"\ndelay_ms = 1500');
const STUBBORN = scriptedBlock + formatThing('slow', 'name = "slow"\ndelay_ms = 60000');
const ENDED = /code \d+\.\r\n[\s\S]*ready> $/u;
/** Of the provisioner itself: Terraform says that it starts before it does. */
const BEGUN = /begun\r\n/u;
const ENDED_BY_ITSELF = [
  [1, ''],
  [1, ''],
];
const APPLY = 't apply; echo "code $?."';
const APPLY_AT_ONCE = 't apply -auto-approve; echo "code $?."';

type Act = (terminal: Terminal, way: Way) => Promise<string>;

describe('exec and the shim in a terminal', function () {
  this.timeout(300_000);
  let folder: string;
  let spool: ClientSpool;
  let ways: Ways;
  let packed: PackedProgram;
  let provider: ScriptedProvider;

  before(async function () {
    requireComponent(this, 'terraform', findProgram('terraform') !== undefined, 'terraform 1.11 on PATH');
    requireComponent(this, 'tmux', findProgram('tmux') !== undefined, 'apt-get install -y tmux');
    packed = packProgram();
    provider = await startProvider();
  });
  after(async () => {
    packed?.remove();
    await provider?.close();
  });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-exec-'));
    spool = await makeClientSpool(join(folder, 'spool'));
    ways = makeWays(folder, packed.bin, spool.dir);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));

  /** A working directory made anew under the same name. */
  const makeRoom = (config: string): string => {
    const dir = join(folder, 'infra');
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir);
    writeFileSync(join(dir, 'main.tf'), config);
    const env = ways.environment('bare', { TF_REATTACH_PROVIDERS: provider.reattach });
    execFileSync('terraform', ['init', '-no-color'], { cwd: dir, env, stdio: 'ignore' });
    return dir;
  };
  /** What one run writes; nothing that it started is left afterwards. */
  const film = async (way: Way, config: string, act: Act, spoolDir = spool.dir): Promise<Written> => {
    const env = { STATESEAL_SPOOL: spoolDir, TF_REATTACH_PROVIDERS: provider.reattach };
    const terminal = await openTerminal({ ways, way, folder, dir: makeRoom(config) }, env);
    try {
      const bytes = await act(terminal, way);
      expect(await terminal.untilNobody(), `left behind, ${way}`).to.deep.equal([]);
      return toWritten(bytes);
    } finally {
      terminal.close();
    }
  };
  /** Byte for byte, with boxes where they came. */
  const expectSame = async (config: string, act: Act, spoolDir?: string): Promise<Written> => {
    const bare = await film('bare', config, act, spoolDir);
    for (const way of ['exec', 'shim'] as const) {
      expect(await film(way, config, act, spoolDir), way).to.deep.equal(bare);
    }
    return bare;
  };
  /** Where bare Terraform differs from itself, as two bare runs may show: `settle` takes out just that. */
  const expectSameSettled = async (config: string, act: Act, settle: (written: Written) => Written): Promise<void> => {
    const seen: Written[] = [];
    for (const way of ['bare', 'bare', 'exec', 'shim'] as const) seen.push(await film(way, config, act));
    const isEqual = JSON.stringify(seen[0]) === JSON.stringify(seen[1]);
    console.log(`      two bare runs wrote ${isEqual ? 'the same' : 'different texts'}`);
    const [bare, ...others] = seen.map(settle);
    for (const other of others) expect(other).to.deep.equal(bare);
  };
  const ends = async (count: number): Promise<RunFinishedObservation[]> => {
    const seen = (await spool.until(2 * count)).map(({ observation }) => observation);
    return seen.filter((each): each is RunFinishedObservation => each.kind === 'run.finished');
  };

  const answer =
    (word: string): Act =>
    async (terminal) => {
      terminal.type(APPLY);
      await terminal.until(/Enter a value:/u);
      terminal.type(word);
      return terminal.until(ENDED);
    };
  const expectAnswers = async (spoolDir?: string): Promise<void> => {
    const yes = await expectSame(CONFIG, answer('yes'), spoolDir);
    expect(yes.text).to.match(/\u001b\[[\s\S]*Enter a value:[\s\S]*yes[\s\S]*Apply complete![\s\S]*code 0\./u);
    const no = await expectSame(CONFIG, answer('no'), spoolDir);
    expect(no.text).to.match(/Enter a value:[\s\S]*no\r\n[\s\S]*Apply cancelled\.[\s\S]*code 1\./u);
  };

  it('prompts, colours and answers are the same', async () => {
    await expectAnswers();
    expect((await ends(4)).map(({ exitCode }) => exitCode)).to.have.members([0, 0, 1, 1]);
  });

  it('prompts and answers with a full spool', async () => {
    writeFileSync(join(spool.dir, REFUSED), 'full\n');
    await expectAnswers();
    expect(readdirSync(join(spool.dir, NEW))).to.deep.equal([]);
  });

  it('prompts and answers before a recorder that hangs', async () => {
    const dataDir = join(folder, 'data');
    const watched = join(folder, 'watched');
    mkdirSync(watched);
    const recorder = spawnStateseal(['watch', watched, '--data-dir', dataDir, '--http', 'off']);
    try {
      await recorder.until(/ready/u);
      recorder.child.kill('SIGSTOP');
      await expectAnswers(join(dataDir, 'spool'));
      expect(readFileSync(`/proc/${recorder.pid}/status`, 'utf8')).to.match(/^State:\s+T/mu);
      expect(readdirSync(join(dataDir, 'spool', NEW))).to.have.length(8);
    } finally {
      await recorder.stop('SIGKILL');
    }
  });

  it('Ctrl-C at the prompt', async () => {
    const act: Act = async (terminal) => {
      terminal.type(APPLY);
      await terminal.until(/Enter a value:/u);
      terminal.press('C-c');
      return terminal.until(ENDED);
    };
    await expectSameSettled(CONFIG, act, settlePrompt);
    expect((await ends(2)).map(({ exitCode }) => exitCode)).to.deep.equal([1, 1]);
  });

  const interruptOnce: Act = async (terminal) => {
    terminal.type(APPLY_AT_ONCE);
    await terminal.until(/Creating\.\.\./u);
    terminal.press('C-c');
    return withoutIds(await terminal.until(ENDED));
  };
  const expectInterrupted = async ({ text, boxes, stops }: Written): Promise<void> => {
    expect(text.match(/Interrupt received|Two interrupts/gu)).to.deep.equal(['Interrupt received']);
    expect(text).to.match(/Creation complete[\s\S]*code 1\./u);
    expect([boxes.match(/execution halted/gu)?.length, stops.match(/Stopping/gu)?.length]).to.deep.equal([2, 1]);
    expect((await ends(2)).map(({ exitCode, signal }) => [exitCode, signal])).to.deep.equal(ENDED_BY_ITSELF);
  };

  it('Ctrl-C once in a running apply', async () => {
    await expectInterrupted(await expectSame(PATIENT, interruptOnce));
  });

  it('Ctrl-C once, which a provisioner hears, too', async () => {
    const act: Act = async (terminal) => {
      terminal.type(APPLY_AT_ONCE);
      await terminal.until(BEGUN);
      terminal.press('C-c');
      return terminal.until(ENDED);
    };
    await expectSameSettled(SLOW, act, settleHalted);
  });

  it('SIGTERM to what the shell waits for, alone', async () => {
    const act: Act = async (terminal) => {
      terminal.type(APPLY_AT_ONCE);
      await terminal.until(/Creating\.\.\./u);
      process.kill(terminal.foreground(), 'SIGTERM');
      return withoutIds(await terminal.until(ENDED));
    };
    await expectInterrupted(await expectSame(PATIENT, act));
  });

  it('a second Ctrl-C: Terraform exits at once, and the end of the run is told', async () => {
    const { text, boxes } = await expectSame(STUBBORN, async (terminal) => {
      terminal.type(APPLY_AT_ONCE);
      await terminal.until(/Creating\.\.\./u);
      terminal.press('C-c');
      await terminal.until(/(?=[\s\S]*Gracefully)(?=[\s\S]*Stopping operation)/u);
      terminal.press('C-c');
      return terminal.until(ENDED);
    });
    expect(text).to.match(/\^C[\s\S]*Interrupt received[\s\S]*\^C[\s\S]*Two interrupts received[\s\S]*code 1\./u);
    expect(text.match(/Interrupt received|Two interrupts/gu)).to.have.length(2);
    expect(boxes).to.contain('operation canceled');
    expect((await ends(2)).map(({ exitCode, signal }) => [exitCode, signal])).to.deep.equal(ENDED_BY_ITSELF);
  });

  it('the terminal is closed: the shell sees the same end, nobody stays, and the record says SIGHUP', async () => {
    const codes: string[] = [];
    for (const way of WAYS) {
      const codeFile = join(folder, `code-${way}`);
      await film(way, STUBBORN, async (terminal) => {
        // The terminal's shell hands the hangup to its job; of that, a shell stays to say how the command ended.
        terminal.type(`(trap : HUP; t apply -auto-approve; echo "code $?" >'${codeFile}')`);
        const bytes = await terminal.until(/Creating\.\.\./u);
        terminal.close();
        for (const deadlineMs = Date.now() + 20_000; Date.now() < deadlineMs && !existsSync(codeFile);) await delay(20);
        return bytes;
      });
      codes.push(readFileSync(codeFile, 'utf8'));
    }
    expect(codes).to.deep.equal(['code 129\n', 'code 129\n', 'code 129\n']);
    expect((await ends(2)).map(({ exitCode, signal }) => [exitCode, signal])).to.deep.equal([
      [-1, 'SIGHUP'],
      [-1, 'SIGHUP'],
    ]);
  });

  it('Ctrl-Z stops, fg goes on', async () => {
    const shown = await expectSame(CONFIG, async (terminal) => {
      terminal.type('t apply');
      await terminal.until(/Enter a value:/u);
      terminal.press('C-z');
      await terminal.until(/Stopped/u);
      terminal.type('fg >/dev/null; echo "code $?."');
      await delay(300);
      terminal.type('yes');
      // The shell names its job by what was typed for it, which is not the same.
      return (await terminal.until(ENDED)).replaceAll(/^\[1\]\+ +Stopped .*$/gmu, '<job> Stopped');
    });
    expect(shown.text).to.match(/<job> Stopped[\s\S]*Apply complete!/u);
  });
});

/**
 * At its prompt Terraform's main thread goes on at once while another still says that it shuts down, or no more; and the
 * error of the prompt comes from whoever saw the interrupt first, or from both. Each of these comes once at most.
 */
function settlePrompt({ text, boxes, stops }: Written): Written {
  expect(text.match(NOTICE)?.length ?? 0, 'notices').to.be.at.most(1);
  const errors = splitBoxes(boxes);
  expect(new Set(errors).size, 'different errors').to.equal(errors.length);
  const settled = new Set(errors.map((box) => box.replace('context canceled', 'interrupted')));
  return { text: text.replaceAll(NOTICE, ''), boxes: [...settled].join(''), stops };
}

const NOTICE = new RegExp(
  [
    '\\r\\nInterrupt received\\.',
    'Please wait for Terraform to exit or data loss may occur\\.',
    'Gracefully shutting down\\.\\.\\.',
    '',
    '',
  ].join('\\r\\n'),
  'gu',
);

/**
 * When the provisioner itself dies of the interrupt, its end and Terraform's own stop race: as many parts of the walk
 * were still to be halted as it happens, from none to three. All say the same.
 */
function settleHalted({ text, boxes, stops }: Written): Written {
  const [halted, others] = [splitBoxes(boxes).filter(isHalted), splitBoxes(boxes).filter((box) => !isHalted(box))];
  expect(halted.length, 'halted').to.be.at.most(3);
  expect(new Set(halted).size, 'kinds of halted').to.be.at.most(1);
  return { text, boxes: others.join(''), stops };
}

function isHalted(box: string): boolean {
  return box.includes('execution halted');
}

/** The provider counts on from run to run. */
function withoutIds(bytes: string): string {
  return bytes.replaceAll(/id=thing-\d+/gu, 'id=<id>');
}
