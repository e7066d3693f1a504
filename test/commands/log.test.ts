import { expect } from 'chai';
import { logCommand } from '../../daemon/commands/log.ts';
import { appendHostile, openSampleChanges, type SampleChanges } from './sample-changes.ts';
import { DANGEROUS, failureOf, linesOf, runCommand, type World } from './test-context.ts';

describe('stateseal log', () => {
  let log: SampleChanges;
  before(() => (log = openSampleChanges()));
  after(() => log.close());

  const run = async (args: readonly string[], world: World = {}): Promise<string> => {
    const answer = await runCommand(logCommand, args, { dataDir: log.folder, ...world });
    expect(answer.code).to.equal(0);
    return answer.out;
  };
  const objects = async (args: readonly string[]): Promise<Record<string, unknown>[]> =>
    linesOf(await run([...args, '--json'])).map((line) => JSON.parse(line) as Record<string, unknown>);

  it('prints a line per change and problem, newest first', async () => {
    expect(await run([])).to.equal(
      `\
2026-06-23 14:02Z  network      41→44  ~2 -/+1 -1 moved 1 outputs 1  apply   alice (claimed)     #${log.apply}
2026-06-22 23:17Z  dns@staging  40→41  .1                            manual  alice (claimed)  !  #${log.manual}
2026-06-21 10:00Z  dns@staging                                       gap                      !  #${log.missed}  serials 12..14 not seen (recorder stopped)

2 changes and 1 other record, 2 need a look: add --problems
! = manual, failed, rolled back, rewritten, replaced or of unknown kind; or a gap, more or other than its plan, a run that did not succeed, an unreadable or unwatched state, a lock left behind
`,
    );
  });

  it('prints a line per resource with --changes', async () => {
    expect(await run(['--changes', '--kind', 'apply', '--since=7d'], { quiet: true })).to.equal(
      `\
2026-06-23 14:02Z  network  #${log.apply}  ~    aws_db_instance.main                allocated_storage 100 -> 200, password (sensitive value, changed)
2026-06-23 14:02Z  network  #${log.apply}  -/+  aws_lb.b
2026-06-23 14:02Z  network  #${log.apply}       aws_lb.new                          moved from aws_lb.old
2026-06-23 14:02Z  network  #${log.apply}  -    aws_route.legacy["eu-west-1"]
2026-06-23 14:02Z  network  #${log.apply}  ~    aws_security_group_rule.db_ingress  cidr_blocks[0] "10.0.0.0/8" -> "10.20.0.0/16"
2026-06-23 14:02Z  network  #${log.apply}  ~    output.zone                         "a" -> "b"
`,
    );
  });

  it('shows only the instances and values that were asked for', async () => {
    const text = await run(['--changes', '--address', 'aws_db_instance.*', '--path', '/password'], { quiet: true });
    expect(linesOf(text)).to.have.length(1);
    expect(text).to.contain('password (sensitive value, changed)').and.not.contain('allocated_storage');
    expect(await run(['--changes', '--address', 'aws_lb.old'], { quiet: true })).to.contain('moved from aws_lb.old');
    expect(linesOf(await run(['--changes', '--action', 'delete'], { quiet: true }))).to.have.length(1);
  });

  it('says how many there are, and how to see them', async () => {
    expect(await run(['-n', '1'])).to.contain('the newest 1 shown (-n 3 shows all)');
    expect(await run(['--problems'])).to.contain('1 change and 1 other record, 2 need a look\n');
    expect(await run(['--state', 'network'])).to.equal(
      `2026-06-23 14:02Z  network  41→44  ~2 -/+1 -1 moved 1 outputs 1  apply  alice (claimed)  #${log.apply}\n\n1 change\n`,
    );
    expect(await run(['--state', 'nothing'])).to.equal('\n0 changes\n');
  });

  it('cuts the last column at the width of the terminal', async () => {
    const text = await run(['--changes'], { columns: 100, quiet: true });
    for (const line of linesOf(text)) expect(line.length).to.be.at.most(100);
    expect(text).to.contain('…');
  });

  it('counts and totals', async () => {
    expect(await run(['--stat'])).to.equal('2 changes: 1 added, 2 changed, 2 destroyed, 1 moved, 1 forgotten\n');
    expect(await run(['--count', '--by', 'kind'])).to.equal(
      `\
kind    changes  add  change  destroy  replace  forget  move  import
apply   1        0    2       1        1        0       1     0
manual  1        0    0       0        0        1       0     0
`,
    );
    expect(linesOf(await run(['--by=type', '--csv']))[0]).to.contain('type,changes,create');
    expect((await objects(['--stat']))[0]).to.include({ object: 'totals', changes: 2, problems: 1 });
  });

  it('prints one object per change with its records', async () => {
    const [change, , record] = await objects([]);
    expect(change).to.include({ object: 'change', number: log.apply, kind: 'apply', problem: false });
    expect(change).to.have.nested.property('before.serial', '41');
    expect(change).to.have.nested.property('actions[0].values[1].hidden.after', 'mark');
    const records = change?.['records'] as { number: number; record: { id: string } }[];
    expect(records.map(({ number }) => number)).to.eql([1, 2, 3, 4, 5]);
    expect(records.at(-1)?.record.id).to.equal(change?.['id']);
    expect(record).to.include({ object: 'record', number: log.missed, type: 'state.missed' });
  });

  it('prints csv, per change and per resource', async () => {
    const lines = (await run(['--csv'])).split('\r\n');
    expect(lines[0]).to.match(/^number,id,time,recorded,state,/);
    expect(lines[1]).to.contain(',network,').and.contain('user:alice (claimed),no');
    expect(lines).to.have.length(4);
    expect(await run(['--csv', '--changes'])).to.contain('"aws_route.legacy[""eu-west-1""]"');
  });

  it('follows: oldest first, then what is recorded next, each once', async () => {
    const own = openSampleChanges();
    try {
      let pauses = 0;
      const onPause = (): boolean => {
        pauses += 1;
        if (pauses === 2)
          own.append(
            'lock.abandoned',
            { lock: { operation: 'OperationTypeApply' } },
            { time: '2026-06-24T00:00:00.000Z' },
          );
        return pauses < 5;
      };
      const { out } = await runCommand(logCommand, ['-f'], { dataDir: own.folder, onPause });
      const lines = linesOf(out);
      expect(lines.map((line) => line.slice(0, 10))).to.eql(['2026-06-21', '2026-06-22', '2026-06-23', '2026-06-24']);
      expect(lines[3]).to.contain('lock left').and.contain('holder gone, operation OperationTypeApply');
    } finally {
      own.close();
    }
  });

  it('answers as of a tree size', async () => {
    expect(await run(['--at-size', String(log.apply + 1), '--stat'])).to.match(/^1 change:/);
  });

  it('refuses what it cannot answer', async () => {
    const refused = [
      [['--pr', 'x'], 'not-recorded-yet'],
      [['--no-approval'], 'not-recorded-yet'],
      [['--adress', 'x'], 'usage'],
      [['--action', 'explode'], 'usage'],
      [['--kind', ''], 'usage'],
      [['--path', 'password'], 'usage'],
      [['-n', '0'], 'usage'],
      [['--since', 'whenever'], 'usage'],
      [['--count', '--path', '/x'], 'usage'],
      [['--follow', '--stat'], 'usage'],
      [['word'], 'usage'],
    ] as const;
    for (const [args, code] of refused) {
      expect(await failureOf(logCommand, args, { dataDir: log.folder }), args.join(' ')).to.have.property('code', code);
    }
    expect(await failureOf(logCommand, [], { dataDir: '/nonexistent' })).to.have.property('code', 'log-missing');
  });

  it('has help that fits a screen', async () => {
    const help = await run(['--help']);
    expect(help).to.match(/^Usage: stateseal log/);
    expect(linesOf(help).length).to.be.at.most(24);
    for (const line of linesOf(help)) expect(line.length).to.be.at.most(120);
  });

  it('never prints hostile text raw, in any output', async () => {
    const own = openSampleChanges();
    try {
      appendHostile(own);
      for (const args of [
        [],
        ['--changes'],
        ['--json'],
        ['--changes', '--json'],
        ['--count'],
        ['--count', '--by', 'type'],
      ]) {
        const { out } = await runCommand(logCommand, args, { dataDir: own.folder });
        expect(out, args.join(' ')).to.not.match(DANGEROUS);
        if (!args.includes('type')) expect(out, args.join(' ')).to.match(/u\{?202e/);
      }
    } finally {
      own.close();
    }
  });
});
