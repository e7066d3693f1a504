// `stateseal state` over logs that the recorder wrote: what is listed, shown, told and compared, that secrets which were
// learned late stay hidden, and that hostile names break nothing.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { stateCommand } from '../../daemon/commands/state.ts';
import { openRecorderMethods } from '../../daemon/recorder/methods.ts';
import { createPolicy } from '../../daemon/redaction/allow-list.ts';
import { openLogHarness, testInput, testKeys, testSigner, type LogHarness } from '../support/log-harness.ts';
import type { WorldState } from '../support/world-state.ts';
import { sighting, state } from './sample-states.ts';
import { appendHostile, openSampleChanges } from './sample-changes.ts';
import { DANGEROUS, failureOf, linesOf, runCommand } from './test-context.ts';

const CANARY = 'Canary-7f3a9c1e5b';
const MINUTE = 60_000;

describe('stateseal state', () => {
  let log: LogHarness;
  beforeEach(() => {
    log = openLogHarness();
    const keys = join(log.dataDir, 'keys');
    mkdirSync(keys);
    const hex = (key: Uint8Array): string => `${Buffer.from(key).toString('hex')}\n`;
    writeFileSync(join(keys, 'equality.key'), hex(testKeys.equalityKey));
    writeFileSync(join(keys, 'epoch-e1.key'), hex(testKeys.epoch.key));
  });
  afterEach(() => log.close());

  const see = (world: WorldState, place = 'network', isInitial = false): void => {
    log.clock.ms += MINUTE;
    log.methods.observe(sighting(world, place, log.clock.ms), {
      source: 'directory',
      nameCandidates: [place],
      isInitial,
      isFinalAttempt: true,
    });
    log.clock.ms += MINUTE;
    log.methods.tick();
  };
  const now = (): string => new Date(log.clock.ms).toISOString();
  const run = async (args: readonly string[], dataDir = log.dataDir) =>
    runCommand(stateCommand, args, { dataDir, now: now() });
  const out = async (args: readonly string[], dataDir?: string): Promise<string> => (await run(args, dataDir)).out;
  const at = (minutes: number): string => new Date(Date.UTC(2026, 5, 23, 14, minutes)).toISOString();

  it('shows a state as it was at a time, a record, and now', async () => {
    see(state(1, { a: { size: 1, secret: 'hidden-one' } }), 'network', true);
    see(state(2, { a: { size: 2, secret: 'hidden-one' }, b: { size: 5, secret: 'hidden-two' } }));
    const first = await out(['show', 'network', '--at', at(2)]);
    expect(first).to.match(
      /^network {3}dir:infra\/network\/terraform\.tfstate\nas of {3}2026-06-23 14:02:00Z: serial 1, /u,
    );
    expect(first).to.contain('# test_thing.a\n').and.contain('size   = 1\n').and.not.contain('test_thing.b');
    expect(first).to.contain('secret = (sensitive value)\n');
    expect(await out(['show', 'network', '--at', '#0'])).to.contain('size   = 1\n');
    expect(await out(['show', 'network', '--at', '2m'])).to.contain('serial 1,');
    const newest = await out(['show', 'network']);
    expect(newest).to.contain('as of   now: serial 2, ').and.contain('test_thing.b').and.contain('size   = 2\n');
    const lines = linesOf(await out(['show', 'dir:infra/network/terraform.tfstate', '--at', at(2), '--json']));
    expect(lines.map((line) => (JSON.parse(line) as { object: string }).object)).to.deep.equal(['resource', 'state']);
    expect(JSON.parse(lines[1] ?? '')).to.include({
      name: 'network',
      serial: '1',
      number: 0,
      whole: true,
      retired: false,
    });
    for (const [args, code] of [
      [['show', 'network', '--at', '2020-01-01'], 'state-not-known-then'],
      [['show', 'nothing'], 'state-unknown'],
      [['show'], 'usage'],
      [['show', 'network', '--at', 'x'], 'usage'],
      [['diff', 'network'], 'usage'],
      [['lst'], 'usage'],
      [['constructor'], 'usage'],
      [[], 'usage'],
    ] as const) {
      expect(await failureOf(stateCommand, args, { dataDir: log.dataDir, now: now() })).to.have.property('code', code);
    }
  });

  it('says net what differs between two times, and exits like diff', async () => {
    see(state(1, { a: { size: 1, secret: 'hidden-one' }, c: { size: 1 } }), 'network', true);
    see(state(2, { a: { size: 2, secret: 'hidden-two' }, c: { size: 9 } }));
    see(state(3, { a: { size: 3, secret: 'hidden-two' }, c: { size: 1 }, d: { size: 1 } }));
    const { out: text, code } = await run(['diff', 'network', '--from', '#0', '--to', 'now']);
    expect(code).to.equal(1);
    expect(text).to.contain('from  record #0: serial 1,').and.contain('serial 3, written');
    expect(text).to.contain('~ test_thing.a').and.contain('1 -> 3').and.contain('(sensitive value, changed)');
    expect(text).to.contain('+ test_thing.d').and.not.contain('test_thing.c');
    expect(text).to.contain('1 added, 1 changed, 0 destroyed.   serial 1 -> 3');
    const back = await run(['diff', 'network', '--from', 'now', '--to', '#0', '--json']);
    expect(back.code).to.equal(1);
    expect(back.out).to.contain('"delete"');
    expect((await run(['diff', 'network', '--from', at(4), '--to', at(4)])).code).to.equal(0);
  });

  it('never calls a hidden value changed because its key is another one', async () => {
    see(state(1, { a: { size: 1, secret: 'hidden-one' }, b: { size: 1, secret: 'hidden-two' } }), 'network', true);
    log.methods.close();
    // The next year: the snapshot is renewed by a recorder of another epoch, then a hidden value changes.
    const epoch = { kid: 'e2', key: Buffer.alloc(32, 8) };
    const { settings, policy } = testInput(join(log.dataDir, 'log.sqlite'), undefined, 2);
    const next = openRecorderMethods(
      settings,
      { keys: { ...testKeys, epoch }, policy: createPolicy(policy), signer: testSigner },
      { now: () => log.clock.ms, boot: { id: 'boot', ms: () => 0 } },
    );
    log.clock.ms += 2 * 86_400_000;
    for (let count = 0; count < 3; count += 1) next.tick();
    const world = state(2, { a: { size: 2, secret: 'hidden-one' }, b: { size: 1, secret: 'hidden-new' } });
    const context = { source: 'directory', nameCandidates: [], isInitial: false, isFinalAttempt: true };
    next.observe(sighting(world, 'network', log.clock.ms), context);
    log.clock.ms += MINUTE;
    next.tick();
    next.close();
    log.start();
    expect(await out(['history', 'network'])).to.contain('renewed');
    const text = await out(['diff', 'network', '--from', '#0']);
    expect(text).to.contain('1 -> 2').and.not.contain('(sensitive');
    expect(text).to.contain('1 hidden value was not compared');
  });

  it('tells the life of a state and of an address, gaps and moves included', async () => {
    see(state(1, { a: { size: 1, secret: 'hidden-one' } }), 'network', true);
    see(state(2, { b: { size: 1, secret: 'hidden-one', id: 'id-a' } }));
    see(state(3, { b: { size: 7, secret: 'hidden-one', id: 'id-a' } }));
    log.methods.append([
      {
        type: 'state.missed',
        source: 'dir:infra/network/terraform.tfstate',
        subject: 'network',
        moment: { source: 'directory', effectiveTime: '', timeBasis: 'clock' },
        data: { state: { id: idOf(), name: 'network' }, reason: 'overwritten', fromSerial: '3', toSerial: '5' },
      },
    ]);
    const kinds = linesOf(await out(['history', 'network'])).map((line) => / (gap|unknown|known) /u.exec(line)?.[1]);
    expect(kinds).to.deep.equal(['gap', 'unknown', 'unknown', 'known', undefined, undefined]);
    const text = await out(['history', 'network', '--address', 'test_thing.a']);
    expect(text)
      .to.match(/~ size +1 -> 7/u)
      .and.contain('test_thing.a has moved to test_thing.b')
      .and.contain('gap');
    expect(await out(['history', 'network', '-n', '1'])).to.contain('the newest 1 entry: -n for more');
    const objects = linesOf(await out(['history', 'network', '--address', 'test_thing.b', '--json']));
    expect(objects.map((line) => (JSON.parse(line) as { object: string }).object)).to.deep.equal([
      'record',
      'change',
      'change',
      'record',
    ]);
  });

  const idOf = (): string => log.methods.states()[0]?.id ?? '';

  it('lists states with their condition, labels and times', async () => {
    see(state(1, { a: { size: 1 } }), 'network', true);
    see(state(1, { a: { size: 1 } }, 'other'), 'dns', true);
    see(state(1, { a: { size: 1 } }, 'third'), 'gone', true);
    const moment = { source: 'directory', effectiveTime: '', timeBasis: 'clock' } as const;
    const head = { source: 'x', subject: 'x', moment };
    log.methods.append([
      { ...head, type: 'log.configured', data: { settings: { labels: [{ match: 'infra/n*/**', env: 'prod' }] } } },
      {
        ...head,
        type: 'source.inventoried',
        data: {
          unseen: [{ reference: 'dir:infra/gone/terraform.tfstate', code: 'root-missing', since: at(1) }],
          unseenCount: 1,
        },
      },
    ]);
    log.methods.observe(
      {
        ...sighting(state(9, {}), 'dns', 0),
        condition: 'unreadable',
        problem: { code: 'file-unsettled', message: 'm' },
      },
      { source: 'directory', nameCandidates: [], isInitial: false, isFinalAttempt: true },
    );
    const rows = linesOf(await out(['list']));
    expect(rows[0]).to.match(/^name +serial +instances +last change +last seen +condition +labels +place$/u);
    expect(rows.slice(1, 4).map((row) => row.split(/\s{2,}/u).filter((cell) => !cell.endsWith('Z')))).to.deep.equal([
      ['dns', '1', '1', 'unreadable', 'dir:infra/dns/terraform.tfstate'],
      ['gone', '1', '1', 'silent', 'dir:infra/gone/terraform.tfstate'],
      ['network', '1', '1', 'active', 'env=prod', 'dir:infra/network/terraform.tfstate'],
    ]);
    const [dns, gone] = linesOf(await out(['list', '--json'])).map((line) => JSON.parse(line) as object);
    expect(dns).to.include({ object: 'state', condition: 'unreadable', code: 'file-unsettled' });
    expect(gone).to.include({ condition: 'silent', code: 'root-missing', lastSeen: at(1) });
    expect(linesOf(await out(['list', '--env', 'prod', '--json']))).to.have.length(1);
    const history = await out(['history', 'gone']);
    expect(history).to.contain('silent').and.contain('root-missing');
  });

  describe('what was shown once and became known as a secret later', () => {
    const words = [
      ['show', 'network', '--at', '#0'],
      ['show', 'network', '--at', '#0', '--json'],
    ];
    const both = [
      ['diff', 'network', '--from', '#0'],
      ['diff', 'network', '--from', '#0', '--json'],
      ['history', 'network', '--address', 'test_thing.*'],
      ['history', 'network', '--address', 'test_thing.*', '--json'],
    ];
    beforeEach(() => {
      see(state(1, { a: { id: CANARY, size: 1 }, b: { size: 1, id: `x-${CANARY}` } }), 'network', true);
      see(state(2, { a: { id: CANARY, size: 2 }, b: { size: 2, id: `y-${CANARY}` } }));
      see(state(3, { a: { id: CANARY, size: 2 }, b: { size: 2, id: 'z' }, c: { secret: CANARY } }));
      see(state(4, { a: { id: CANARY, size: 3 }, b: { size: 2, id: 'z' } }));
    });

    it('is hidden with the keys', async () => {
      expect(
        linesOf(
          JSON.stringify(log.read(({ entries }) => [...entries.range(0, 9)].map(({ line }) => line.toString()))),
        )[0],
      ).to.contain(CANARY);
      for (const args of [...words, ...both]) {
        const text = await out(args);
        expect(text.length, args.join(' ')).to.be.greaterThan(100);
        expect(text, args.join(' ')).to.not.contain(CANARY).and.not.contain('keys are not at hand');
      }
    });

    it('is hidden without them where its place is hidden now, and the answer says what it cannot know', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'stateseal-state-'));
      try {
        log.methods.close();
        copyFileSync(join(log.dataDir, 'log.sqlite'), join(folder, 'log.sqlite'));
        log.start();
        const text = await out(['show', 'network', '--at', '#0'], folder);
        expect(text).to.contain("the recorder's keys are not at hand");
        expect(/test_thing\.a\n([^#]*)/u.exec(text)?.[1])
          .to.contain('(sensitive value)')
          .and.not.contain(CANARY);
        expect(await out(['diff', 'network', '--from', '#0'], folder)).to.contain('keys are not at hand');
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });

  it('never prints hostile text raw', async () => {
    const own = openSampleChanges();
    try {
      appendHostile(own);
      own.database
        .prepare(
          "INSERT INTO state VALUES ('state-evil', ?, ?, 'w', 'clear', 'l', ?, ?, '', '', 'state', 0, 0, '', '', '')",
        )
        .run('x\u001b[2J\u202e', 'dir:\u2066evil', '1\u001b', '\u200b');
      own.append('log.configured', { settings: { labels: [{ match: '**', env: '\u202egnp\u001b[2J' }] } });
      for (const args of [
        ['list'],
        ['list', '--json'],
        ['show', 'state-evil'],
        ['show', 'state-evil', '--json'],
        ['history', 'state-evil', '--address', '*'],
        ['history', 'state-evil', '--address', '*', '--json'],
        ['diff', 'state-evil', '--from', '#0'],
      ]) {
        const answer = await runCommand(stateCommand, args, { dataDir: own.folder }).catch((error: unknown) => ({
          out: String((error as Error).message),
        }));
        expect(answer.out, args.join(' ')).to.not.match(DANGEROUS);
      }
      expect((await runCommand(stateCommand, ['list'], { dataDir: own.folder })).out).to.contain('\\u{202e}');
    } finally {
      own.close();
    }
  });

  it('has help that fits a screen', async () => {
    const help = linesOf(await out(['--help']));
    expect(help.length).to.be.at.most(24);
    for (const line of help) expect(line.length).to.be.at.most(120);
  });
});
