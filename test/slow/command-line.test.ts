// The command line as a whole: its help names every verb, every verb has help, and what is no verb is told.
import { expect } from 'chai';
import { runStateseal } from '../support/stateseal-process.ts';

describe('the command line', function () {
  this.timeout(60_000);

  it('prints the same help for no verb, help, --help and -h; it fits a screen', async () => {
    const [none, ...others] = await Promise.all([[], ['help'], ['--help'], ['-h']].map((args) => runStateseal(args)));
    expect(none?.stdout.split('\n').length).to.be.at.most(36);
    for (const line of (none?.stdout ?? '').split('\n')) expect(line.length, line).to.be.at.most(132);
    for (const other of others) expect(other).to.deep.include({ code: 0, stdout: none?.stdout, stderr: '' });
  });

  it('has help for each verb that it names', async () => {
    const { stdout } = await runStateseal(['--help']);
    const verbs = [...stdout.matchAll(/^(?:[A-Z][a-z ]{13}|\s{14})([a-z]+)[ |]/gmu)].map(([, verb = '']) => verb);
    expect(verbs.length).to.be.greaterThan(18);
    const usages = await Promise.all([...new Set(verbs)].map(async (verb) => runStateseal([verb, '--help'])));
    for (const { code, stdout: usage } of usages) expect([code, usage.slice(0, 7)]).to.deep.equal([0, 'Usage: ']);
  });

  it('says what is no verb, without repeating it', async () => {
    const { code, stderr } = await runStateseal(['verfy-canary-77']);
    expect(code).to.equal(2);
    expect(stderr).to.contain('[usage]').and.contain('did you mean: verify').and.not.contain('canary');
  });
});
