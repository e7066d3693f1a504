import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { formatChangeBlock } from '../../daemon/commands/render-change.ts';
import { showCommand } from '../../daemon/commands/show.ts';
import type { JsonObject } from '../../daemon/json/value.ts';
import { createPalette } from '../../daemon/terminal.ts';
import { sampleId } from '../support/sample-log.ts';
import { appendHostile, HOSTILE, openSampleChanges, type SampleChanges } from './sample-changes.ts';
import { DANGEROUS, failureOf, linesOf, runCommand, type World } from './test-context.ts';

const STATES = 'test/fixtures/terraform/states';
const PLAIN = { palette: createPalette(false), isFull: false };

describe('stateseal show', () => {
  let log: SampleChanges;
  beforeEach(() => (log = openSampleChanges()));
  afterEach(() => log.close());

  const run = async (args: readonly string[], world: World = {}): Promise<string> => {
    const answer = await runCommand(showCommand, args, { dataDir: log.folder, ...world });
    expect(answer.code).to.equal(0);
    return answer.out;
  };
  const fixture = (name: string): World => ({ files: { [name]: readFileSync(`${STATES}/${name}`) } });

  it('tells the whole chain of a change', async () => {
    log.seal();
    const objects = [
      { key: 'batch/0', versionId: '8sKq', mode: 'COMPLIANCE', retainUntil: '2027-07-31T00:00:00Z', lastModified: '' },
    ];
    const receipt = log.append('batch.archived', { prev: 0, size: 8, archive: 's3://acme/hub-1', objects });
    const root = log.queries.evidence(1).batch?.root;
    const keyId = log.queries.evidence(1).batch?.keyIds[0];
    expect(await run([String(log.apply)])).to.equal(
      `\
change #5   network (dir:infra/network/terraform.tfstate)   serial 41 → 44   lineage 9f3c21aa
when        changed 2026-06-23 14:02:11Z (file time)   recorded 2026-06-23 14:02:11Z   sealed 2026-06-23 15:00:00Z
what          ~ aws_db_instance.main
                  ~ allocated_storage   100 -> 200
                  ~ password            (sensitive value, changed)
            -/+ aws_lb.b
              # aws_lb.old has moved to aws_lb.new
              - aws_route.legacy["eu-west-1"]
                  - id            "r-1"
                  - tags["x.y"]   "z"
              ~ aws_security_group_rule.db_ingress
                  ~ cidr_blocks[0]   "10.0.0.0/8" -> "10.20.0.0/16"
              ~ output.zone   "a" -> "b"
kind        apply (the lock said OperationTypeApply)   tool version 1.11.4
continuity  linked-by-backup (the backup file holds the version before: nothing lies between)
who         actor user:alice   claimed   lock-info
seen by     bastion, source directory, version 1-2-3
evidence    leaf 5 in batch 0..7, size 8, root ${root}, signed ${keyId}
            s3://acme/hub-1
            batch/0   version 8sKq   COMPLIANCE until 2027-07-31   receipt #${receipt}, 2026-06-23 14:02:12Z
records     4 steps #1..#4, closed by #5
notes       none
`,
    );
  });

  it('claims nothing about evidence that is not there, and shows what was noted later', async () => {
    const change = log.queries.readChange(log.manual)?.summary.id ?? '';
    log.append('change.noted', { change, text: 'INC-2041' });
    const text = await run([`#${log.manual}`]);
    expect(text).to.contain('leaf 6, not sealed yet: stateseal seal').and.contain('records     #6\n');
    expect(text)
      .to.contain('(the lock said state-rm)')
      .and.contain('. aws_route53_record.www (forgotten, not destroyed)');
    expect(text).to.contain('#8 change.noted 2026-06-23 14:02:12Z INC-2041');
  });

  it('shows any record, by number or id', async () => {
    const text = await run([String(log.missed)]);
    expect(text)
      .to.match(/^record #7 {3}state\.missed/)
      .and.contain('fromSerial')
      .and.contain('"12"');
    expect(await run([sampleId(0)])).to.match(/^record #0 {3}log\.created/);
    expect(JSON.parse(await run(['0', '--json']))).to.deep.include({
      object: 'record',
      number: 0,
      evidence: { number: 0, sealed: false },
    });
    expect(JSON.parse(await run(['5', '--json']))).to.include({ object: 'change', number: 5 });
  });

  it('says what is not there', async () => {
    expect(await failureOf(showCommand, ['99'], { dataDir: log.folder })).to.include({ code: 'record-missing' });
    expect(await failureOf(showCommand, [], {})).to.include({ code: 'usage' });
  });

  it('prints one block per change while watching', () => {
    const detail = log.queries.readChange(log.apply);
    expect(detail && formatChangeBlock(detail, PLAIN)).to.equal(
      `\
14:02:11Z  network   41 -> 44   apply   alice (claimed)   #5
          ~ aws_db_instance.main
              ~ allocated_storage   100 -> 200
              ~ password            (sensitive value, changed)
        -/+ aws_lb.b
          # aws_lb.old has moved to aws_lb.new
          - aws_route.legacy["eu-west-1"]
          ~ aws_security_group_rule.db_ingress   cidr_blocks[0] "10.0.0.0/8" -> "10.20.0.0/16"
          ~ output.zone                          "a" -> "b"
`,
    );
  });

  it('shortens a block, never a page', async () => {
    const many = Array.from({ length: 60 }, (_, index) => ({
      address: `aws_x.y[${index}]`,
      resourceType: 'aws_x',
      actions: ['create'],
    }));
    const number = log.change({ time: '2026-06-23T14:02:11.000Z', to: '3', steps: [], actions: many });
    const detail = log.queries.readChange(number);
    const block = linesOf(detail ? formatChangeBlock(detail, PLAIN) : '');
    expect(block).to.have.length(26);
    expect(block[0]).to.contain('new -> 3');
    expect(block.at(-1)).to.contain(`and 36 more: stateseal show ${number}`);
    expect(await run([String(number)])).to.contain('aws_x.y[59]');
  });

  it('leaves out attributes that never had a value, and says what a move hides', async () => {
    const hidden = (commitment: string): JsonObject[] => [
      { path: '/pw', by: 'mark', kid: 'e1', commitment, changed: true },
    ];
    const tree = { id: 'i', pw: null, size: null };
    const number = log.change({
      time: '2026-06-23T14:02:11.000Z',
      from: '1',
      to: '2',
      steps: [
        {
          address: 'aws_x.new',
          actions: ['create'],
          changes: [{ path: '', after: { ...tree, id: 'j' } }],
          hidden: hidden('b'),
        },
        { address: 'aws_x.old', actions: ['delete'], changes: [{ path: '', before: tree }], hidden: hidden('a') },
        { address: 'aws_x.y', actions: ['create'], changes: [{ path: '', after: tree }], hidden: hidden('c') },
      ],
      actions: [
        { address: 'aws_x.new', previousAddress: 'aws_x.old', resourceType: 'aws_x', actions: ['move', 'update'] },
        { address: 'aws_x.y', resourceType: 'aws_x', actions: ['create'] },
      ],
    });
    expect(await run([String(number)])).to.contain(
      `\
what          # aws_x.old has moved to aws_x.new
              ~ aws_x.new
                  ~ id   "i" -> "j"
                  1 hidden value cannot be compared across the move
              + aws_x.y
                  + id   "i"
                  + pw   (sensitive value)
kind `,
    );
  });

  it('never prints hostile text raw', async () => {
    const number = appendHostile(log);
    const detail = log.queries.readChange(number);
    const block = detail ? formatChangeBlock(detail, PLAIN) : '';
    const pages = [
      block,
      await run([String(number)]),
      await run([String(number - 1)]),
      await run([String(number), '--json']),
    ];
    for (const page of pages) {
      expect(page).to.match(/u\{?202e/);
      expect(page).to.not.match(DANGEROUS);
    }
    expect(HOSTILE).to.match(DANGEROUS);
  });

  it('shows a state file with its secrets hidden, without a log', async () => {
    const text = await run(['rich-1.tfstate'], { dataDir: '/nonexistent', ...fixture('rich-1.tfstate') });
    expect(text).to.match(/^state {3}serial 14 {3}lineage cfccde5f {3}tool version 1\.11\.4/);
    expect(text)
      .to.contain('# fake_thing.each["b c/d.\\"e\\""]')
      .and.contain('(sensitive value)')
      .and.contain('Outputs:');
    expect(text).to.not.match(/SENS|CANARY/);
    const objects = linesOf(await run(['rich-1.tfstate', '--json'], fixture('rich-1.tfstate'))).map(
      (line) => JSON.parse(line) as object,
    );
    expect(objects.at(-1)).to.include({ object: 'state', serial: '14' });
  });

  it('says that encrypted states cannot be read, nor half-written ones', async () => {
    const encrypted = readFileSync('test/fixtures/terraform/opentofu-synthetic/encrypted.tfstate');
    const files = {
      'e.tfstate': encrypted,
      'x.tfstate': Buffer.from('{"version": 4,'),
    };
    expect(await failureOf(showCommand, ['e.tfstate'], { files })).to.include({ code: 'state-encrypted' });
    expect(await failureOf(showCommand, ['x.tfstate'], { files })).to.include({ code: 'json-syntax' });
  });
});
