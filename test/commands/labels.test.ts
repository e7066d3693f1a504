// Labels of states by globs of the configuration that the log repeats: filters, counts, relabelling, hostile values.
import { expect } from 'chai';
import { logCommand } from '../../daemon/commands/log.ts';
import { parseConfigFile } from '../../daemon/config-file.ts';
import { createLabeller } from '../../daemon/store/labels.ts';
import { NETWORK, DNS } from '../support/sample-log.ts';
import { HOSTILE, openSampleChanges, type SampleChanges } from './sample-changes.ts';
import { DANGEROUS, failureOf, linesOf, runCommand } from './test-context.ts';

describe('labels', () => {
  describe('by globs', () => {
    const labelOf = createLabeller([
      { match: 'infra/prod/**', env: 'prod' },
      { match: 's3://acme-tfstate/env:/*/**', env: 'workspace' },
      { match: 's3://acme-tfstate/**', env: 'bucket', team: 'platform' },
      { match: 'infra/mein ordner/**', team: 'plain' },
      { match: 'infra/dein%20ordner/**', team: 'encoded' },
      { match: '**', env: 'other', constructor: 'x' },
    ]);

    it('strips dir: and takes other URIs whole; the first rule that gives a label wins it', () => {
      const given = [
        ['dir:infra/prod/a/terraform.tfstate', { env: 'prod', constructor: 'x' }],
        ['dir:infra/prod/.hidden/terraform.tfstate', { env: 'prod', constructor: 'x' }],
        ['dir:infra/test/terraform.tfstate', { env: 'other', constructor: 'x' }],
        ['s3://acme-tfstate/app/prod.tfstate', { env: 'bucket', team: 'platform', constructor: 'x' }],
        ['s3://acme-tfstate/env:/dev/app.tfstate', { env: 'workspace', team: 'platform', constructor: 'x' }],
        ['dir:infra/mein%20ordner/terraform.tfstate', { env: 'other', team: 'plain', constructor: 'x' }],
        ['dir:infra/dein%20ordner/terraform.tfstate', { env: 'other', team: 'encoded', constructor: 'x' }],
        ['dir:infra/%GG/terraform.tfstate', { env: 'other', constructor: 'x' }],
      ] as const;
      for (const [reference, labels] of given) expect({ ...labelOf(reference) }, reference).to.deep.equal(labels);
    });
  });

  describe('in the configuration', () => {
    const parse = (rule: string): unknown => parseConfigFile(`labels:\n  - ${rule}\n`, 'c.yaml').labels;
    it('takes a glob and labels, and nothing that a filter could not ask for', () => {
      expect(parse('{ match: "infra/**", env: prod, team: net work }')).to.deep.equal([
        { match: 'infra/**', env: 'prod', team: 'net work' },
      ]);
      for (const rule of [
        '{ env: prod }',
        '{ match: "x" }',
        '{ match: "x", Env: prod }',
        '{ match: "x", env: "a,b" }',
        '{ match: "x", env: "a*" }',
        '{ match: "x", env: "" }',
        '{ match: "x", env: "a\\u202eb" }',
        '{ match: "x", env: 1 }',
      ]) {
        expect(() => parse(rule), rule)
          .to.throw()
          .with.property('code', 'config-invalid');
      }
    });
  });

  describe('in stateseal log', () => {
    let log: SampleChanges;
    let firstSize = 0;
    before(() => {
      log = openSampleChanges();
      configure([
        { match: 'infra/network/*', env: 'prod', team: 'network' },
        { match: 'infra/dns@staging/*', env: 'staging', team: 'network' },
      ]);
      firstSize = log.queries.size();
    });
    after(() => log.close());

    const configure = (labels: readonly Record<string, string>[]): void => {
      log.append('log.configured', { configuration: '00', settings: { labels: labels.map((rule) => ({ ...rule })) } });
    };
    const run = async (args: readonly string[]): Promise<string> =>
      (await runCommand(logCommand, args, { dataDir: log.folder, quiet: true })).out;
    const numbers = async (args: readonly string[]): Promise<number[]> =>
      linesOf(await run([...args, '--json']))
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { number: number }).number);

    it('filters changes and problems: keys together, values as alternatives', async () => {
      expect(await numbers(['--env', 'prod'])).to.deep.equal([log.apply]);
      expect(await numbers(['--env', 'staging'])).to.deep.equal([log.manual, log.missed]);
      expect(await numbers(['--env', 'prod,staging'])).to.deep.equal([log.apply, log.manual, log.missed]);
      expect(await numbers(['--label', 'team=net*', '--env', 'staging', '--problems'])).to.deep.equal([
        log.manual,
        log.missed,
      ]);
      expect(await numbers(['--label', 'team=other'])).to.deep.equal([]);
      expect(await numbers(['--label', 'cost='])).to.have.length(3);
      expect(await run(['--env', 'staging', '--stat'])).to.match(/^1 change:/u);
    });

    it('counts by a label, and by the version of the tool', async () => {
      expect(await run(['--count', '--by', 'label.env', '--action', 'delete,forget'])).to.equal(
        `\
label.env  changes  add  change  destroy  replace  forget  move  import
prod       1        0    0       1        0        0       0     0
staging    1        0    0       0        0        1       0     0
`,
      );
      expect(await run(['--by', 'label.nothing', '--csv'])).to.contain('\r\n,2,');
      expect(await run(['--by', 'label.nothing'])).to.contain('(no such label)  2');
      expect(await run(['--by', 'tool-version', '--env', 'prod'])).to.match(/\n1\.11\.4 +1 /u);
    });

    it('lets a relabelling speak for all of history, and an earlier size for its own time', async () => {
      configure([{ match: '**', env: 'prod' }]);
      expect(await numbers(['--env', 'prod'])).to.have.length(3);
      expect(await numbers(['--env', 'prod', '--at-size', String(firstSize)])).to.deep.equal([log.apply]);
      expect(await run(['--by', 'label.env', '--at-size', String(firstSize)])).to.contain('staging');
    });

    it('follows a state to its newest place', async () => {
      const id = log.queries.size();
      configure([{ match: 's3://new/**', env: 'moved' }]);
      log.append('state.unchanged', { state: { ...DNS, reference: 's3://new/dns.tfstate' } });
      expect(await numbers(['--env', 'moved'])).to.deep.equal([log.manual, log.missed]);
      expect(await numbers(['--env', 'moved', '--at-size', String(id)])).to.deep.equal([]);
    });

    it('labels what has only a reference', async () => {
      configure([{ match: 'infra/x/*', env: 'prod' }]);
      const number = log.append('state.unreadable', { reference: 'dir:infra/x/terraform.tfstate', code: 'c' });
      expect(await numbers(['--env', 'prod'])).to.deep.equal([number]);
    });

    it('refuses what is no label, and prints no hostile one', async () => {
      for (const args of [
        ['--label', 'prod'],
        ['--label', '=x'],
        ['--env', ''],
        ['--by', 'label.'],
        ['--by', 'labels'],
      ])
        expect(await failureOf(logCommand, args, { dataDir: log.folder })).to.have.property('code', 'usage');
      configure([{ match: '**', env: HOSTILE, team: '=cmd()' }]);
      for (const args of [
        ['--by', 'label.env'],
        ['--by', 'label.env', '--json'],
        ['--by', `label.${HOSTILE}`],
      ])
        expect(await run(args)).to.not.match(DANGEROUS);
      expect(await run(['--by', 'label.team', '--csv'])).to.contain("\r\n'=cmd(),");
    });

    it('knows no label in a log without configuration', async () => {
      const own = openSampleChanges();
      try {
        expect((await runCommand(logCommand, ['--env', 'prod', '--json'], { dataDir: own.folder })).out).to.equal('');
        expect(own.queries.labels.ofStates().get(NETWORK.id)).to.deep.equal({});
      } finally {
        own.close();
      }
    });
  });
});
