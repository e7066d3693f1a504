// Processes as the kernel tells of them, through an injected /proc that changes between any two reads: numbers used
// twice, holders that change, names that lie.
import { expect } from 'chai';
import { createCommandReader } from '../../daemon/sources/process/command.ts';
import { createHolderReader } from '../../daemon/sources/process/holder-process.ts';
import type { ProcFiles } from '../../daemon/sources/process/proc-files.ts';
import { createProcessReader, type ProcessFacts } from '../../daemon/sources/process/process-facts.ts';
import { systemClock } from '../../daemon/sources/clock.ts';

interface Proc {
  readonly parent?: number;
  readonly start?: number;
  readonly comm?: string;
  readonly uid?: number;
  readonly effective?: number;
  readonly login?: number | undefined;
  readonly exe?: string;
  readonly cgroup?: string;
}

type Table = Readonly<Record<number, Proc>>;

const FILE = { dev: 0xfe00n, ino: 77n };
/** The system booted at 1,000,000 ms and is up for 100,000 s: a process of tick 100 began at 1,001,000 ms. */
const WALL_MS = 101_000_000;
const PASSWD = 'root:x:0:0::/root:/bin/sh\nana:x:1001:1001::/home/ana:/bin/sh\nlater:x:1001:1:::\n';

const lockLine = (pid: number): string => `1: POSIX  ADVISORY  WRITE ${pid} fe:00:77 0 EOF\n`;
const statText = (pid: number, { comm = 'terraform', parent = 1, start = 100 }: Proc): string =>
  `${pid} (${comm}) S ${parent} 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 9 0 ${start} 0 0\n`;

/** `tableAt` and `holderAt` get the number of the read, so that anything may change between two reads. */
function fakeFiles(tableAt: (read: number) => Table, holderAt: (read: number) => number = () => 0): ProcFiles {
  let reads = 0;
  const find = (path: string): readonly [pid: number, proc: Proc | undefined, name: string] => {
    const [, pid = '0', name = ''] = /^\/proc\/(\d+)\/(\w+)$/.exec(path) ?? [];
    return [Number(pid), tableAt(reads++)[Number(pid)], name];
  };
  return {
    version: () => '1',
    read(path) {
      if (path === '/etc/passwd') return PASSWD;
      if (path === '/proc/uptime') return '100000.00 1.00\n';
      if (path === '/proc/locks') return lockLine(holderAt(reads++));
      const [pid, proc, name] = find(path);
      if (proc === undefined) return undefined;
      const { uid = 1001, effective = uid } = proc;
      if (name === 'stat') return statText(pid, proc);
      if (name === 'status') return `Name:\tx\nUid:\t${uid}\t${effective}\t${uid}\t${uid}\n`;
      if (name === 'loginuid') return 'login' in proc ? proc.login?.toString() : '4294967295';
      return name === 'cgroup' ? proc.cgroup : undefined;
    },
    readLink: (path) => find(path)[1]?.exe,
  };
}

const CHAIN: Table = {
  40: { parent: 30, start: 300, login: 1001, exe: '/usr/bin/terraform', cgroup: '0::/system.slice/ci.service\n' },
  30: { parent: 20, start: 200, uid: 1001, comm: 'bash' },
  20: { parent: 1, start: 150, uid: 0, comm: 'hunter2-hunter2', exe: '/usr/bin/sudo (deleted)' },
  1: { parent: 0, start: 1, uid: 0, comm: 'systemd' },
};

const reader = (files: ProcFiles) => createProcessReader(() => WALL_MS, files);
const factsOf = (files: ProcFiles, pid = 40): ProcessFacts | undefined => {
  const identity = reader(files).identify(pid);
  return identity && reader(files).describe(identity);
};
const unchanged = (): boolean => true;

describe('process facts', () => {
  it('are what the kernel says, and what the process says kept apart', () => {
    expect(factsOf(fakeFiles(() => CHAIN))).to.deep.equal({
      pid: 40,
      startTicks: '300',
      startedAt: new Date(1_003_000).toISOString(),
      uid: 1001,
      effectiveUid: 1001,
      user: 'ana',
      loginUid: 1001,
      loginUser: 'ana',
      program: { name: 'terraform', known: 'observed' },
      unit: 'ci.service',
      parents: [
        { uid: 1001, startedAt: new Date(1_002_000).toISOString(), program: { name: 'bash', known: 'claimed' } },
        { uid: 0, startedAt: new Date(1_001_500).toISOString(), program: { name: 'sudo', known: 'observed' } },
        { uid: 0, startedAt: new Date(1_000_010).toISOString(), program: { name: 'systemd', known: 'claimed' } },
      ],
      command: 'unread',
    });
  });

  it('name no program by a name of its own choice', () => {
    const table = { 40: { comm: 'hunter2-hunter2' }, 1: CHAIN[1] ?? {} };
    expect(factsOf(fakeFiles(() => table))?.program).to.deep.equal({ name: '', known: 'claimed' });
    const secret = { 40: { exe: '/tmp/ghp_0123456789abcdefghijklmnopqrst', comm: 'x' } };
    expect(factsOf(fakeFiles(() => secret))?.program.name).to.equal('');
  });

  it('tell no login from one that cannot be read', () => {
    expect(factsOf(fakeFiles(() => ({ 40: {} })))?.loginUid).to.equal(-1);
    expect(factsOf(fakeFiles(() => ({ 40: { login: undefined } })))?.loginUid).to.equal(undefined);
  });

  it('are nothing, or of one process alone, whenever the number is given to another', () => {
    const other: Table = { ...CHAIN, 40: { parent: 1, start: 900, uid: 666, login: 666, exe: '/usr/bin/evil' } };
    let complete = 0;
    for (let at = 0; at < 40; at += 1) {
      const facts = factsOf(fakeFiles((read) => (read < at ? CHAIN : other)));
      if (facts === undefined) continue;
      complete += 1;
      const text = JSON.stringify(facts);
      const isFirst = facts.startTicks === '300';
      expect(text).to.not.include(isFirst ? '666' : '1001');
      if (isFirst) expect(facts.program.name).to.not.equal('evil');
    }
    expect(complete).to.be.greaterThan(2);
  });

  it('have no parent that came after its child lost it', () => {
    const orphaned: Table = {
      ...CHAIN,
      40: { ...CHAIN[40], parent: 1 },
      30: { parent: 1, start: 950, uid: 666, comm: 'zsh' },
    };
    for (let at = 0; at < 40; at += 1) {
      const facts = factsOf(fakeFiles((read) => (read < at ? CHAIN : orphaned)));
      for (const { uid } of facts?.parents ?? []) expect(uid).to.not.equal(666);
    }
  });

  it('end a chain of parents that has no end', () => {
    const loop = Object.fromEntries(
      Array.from({ length: 50 }, (_, pid): [number, Proc] => [pid + 1, { parent: pid + 2, start: 1 }]),
    );
    expect(
      factsOf(
        fakeFiles(() => loop),
        1,
      )?.parents,
    ).to.have.length(8);
  });

  it('are true of this very process', function () {
    if (process.platform !== 'linux') return this.skip();
    const own = createProcessReader(Date.now);
    const identity = own.identify(process.pid);
    const facts = identity && own.describe(identity);
    expect(facts).to.deep.include({ pid: process.pid, uid: process.getuid?.() });
    expect(Date.now() - process.uptime() * 1000 - Date.parse(facts?.startedAt ?? '')).to.be.within(-2_000, 30_000);
    expect(facts?.parents.length).to.be.greaterThan(0);
  });
});

describe('the holder of a lock', () => {
  const holders = (files: ProcFiles) => createHolderReader(() => WALL_MS, files);

  it('is the process that holds it before and after', () => {
    const files = fakeFiles(
      () => CHAIN,
      () => 40,
    );
    expect(holders(files).read(FILE, WALL_MS, unchanged)?.pid).to.equal(40);
  });

  it('is nobody when another one holds it at the end, whenever that comes', () => {
    const table: Table = { ...CHAIN, 41: { start: 100, uid: 666 } };
    for (let at = 0; at < 30; at += 1) {
      const files = fakeFiles(
        () => table,
        (read) => (read < at ? 40 : 41),
      );
      const facts = holders(files).read(FILE, WALL_MS, unchanged);
      if (facts !== undefined)
        expect([facts.pid, facts.uid]).to.be.deep.oneOf([
          [40, 1001],
          [41, 666],
        ]);
    }
  });

  it('is not younger than the lock file', () => {
    const files = fakeFiles(
      () => CHAIN,
      () => 40,
    );
    expect(holders(files).read(FILE, 1_002_900, unchanged)).to.equal(undefined);
    expect(holders(files).read(FILE, 1_003_000, unchanged)?.pid).to.equal(40);
  });

  it('is not said when the lock file has changed, or on another file, or in another namespace', () => {
    const files = fakeFiles(
      () => CHAIN,
      () => 40,
    );
    expect(holders(files).read(FILE, WALL_MS, () => false)).to.equal(undefined);
    expect(holders(files).read({ ...FILE, ino: 78n }, WALL_MS, unchanged)).to.equal(undefined);
    expect(holders(files).read({ ...FILE, dev: 0xfe01n }, WALL_MS, unchanged)).to.equal(undefined);
    const unseen = fakeFiles(
      () => CHAIN,
      () => 0,
    );
    expect(holders(unseen).read(FILE, WALL_MS, unchanged)).to.equal(undefined);
  });
});

describe('the command of a process', () => {
  const facts = factsOf(fakeFiles(() => CHAIN)) as ProcessFacts;
  const never = new AbortController().signal;
  const complete = (text: string, files = fakeFiles(() => CHAIN)): Promise<ProcessFacts> =>
    createCommandReader(systemClock, files, () => Promise.resolve(text)).complete(facts, never);

  it('is known by its harmless parts', async () => {
    const { command } = await complete('/usr/bin/terraform\0apply\0-var\0pw=hunter2\0/srv/x/tfplan\0');
    expect(command).to.deep.include({ subcommand: 'apply', variables: ['pw'], planFile: 'tfplan' });
    expect((await complete('python3\0-c\0hunter2\0')).command).to.equal('other');
    expect((await complete('')).command).to.equal('unread');
  });

  it('leaves out a last word that was cut', async () => {
    const { command } = await complete('terraform\0apply\0-auto-approve\0cut-of');
    expect(command).to.deep.include({ planFile: '', flags: ['-auto-approve'] });
  });

  it('is not that of the next process with the number', async () => {
    const later = fakeFiles(() => ({ 40: { start: 900 } }));
    expect((await complete('terraform\0destroy\0', later)).command).to.equal('unread');
  });

  it('is given up on when its memory keeps the reader waiting, and keeps few readers waiting', async () => {
    let waiting = 0;
    const hang = (): Promise<string> => {
      waiting += 1;
      return new Promise(() => undefined);
    };
    // A clock whose waits are over at once: no test sleeps.
    const clock = { ...systemClock, after: (_: number, run: () => void) => systemClock.after(0, run) };
    const commands = createCommandReader(
      clock,
      fakeFiles(() => CHAIN),
      hang,
    );
    for (let round = 0; round < 5; round += 1) {
      expect((await commands.complete(facts, never)).command).to.equal('unread');
    }
    expect(waiting).to.equal(2);
  });
});
