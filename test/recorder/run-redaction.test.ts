// The recorder's own look at a client's addresses: what a clean client has taken off is off whatever the client did.
import { expect } from 'chai';
import { createRunRedaction } from '../../daemon/recorder/run-redaction.ts';

describe('addresses that a client claims', () => {
  const of = (value: string): string =>
    createRunRedaction(() => false).claims([{ field: 'job-url', value, known: 'claimed', by: 'ci' }])[0]?.value ?? '';

  it('keep host and path', () => {
    expect(of('https://gitlab.example/acme/infra/-/jobs/7')).to.equal('https://gitlab.example/acme/infra/-/jobs/7');
    expect(of('https://bot:pass@ci.example:8443/jobs/7?token=t#f')).to.equal('https://ci.example:8443/jobs/7');
    expect(of('acme/infra#12')).to.equal('acme/infra#12');
  });

  it('are withheld where user information cannot be told from the rest', () => {
    for (const value of ['https://bot:pa/ss@ci.example/jobs/7', 'https://bot:pa?ss@ci.example/x', 'odd://u:p@host/x']) {
      expect(of(value), value).to.equal('(hidden)');
    }
  });
});
