import { expect } from 'chai';
import { parseTarget } from '../../daemon/backend/target.ts';
import { parseRunContext } from '../../daemon/backend/run-context.ts';

describe('backend/run-context', () => {
  const claimed = (query: string): string[] => parseRunContext(query).map(({ field, value }) => `${field} ${value}`);

  it('takes the shapes of CI systems', () => {
    const job = 'https://gitlab.example/g/p/-/jobs/1';
    expect(claimed(`run=77-2&actor=renovate[bot]&sha=0a1b2c3&pr=9&job=${encodeURIComponent(job)}`)).to.deep.equal([
      'run 77-2',
      'actor user:renovate[bot]',
      'commit 0a1b2c3',
      'pull-request 9',
      `job ${job}`,
    ]);
    expect(claimed('run=0190a1b2-0000-7000-8000-000000000001')).to.have.length(1);
    expect(parseRunContext('run=1')[0]).to.deep.equal({ field: 'run', value: '1', known: 'claimed', by: 'http-query' });
  });

  it('drops what is not listed, or not of its shape', () => {
    const secret = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';
    for (const query of [
      `token=${secret}`,
      `run=${secret}`,
      `sha=${secret}`,
      `pr=${secret}`,
      `job=${secret}`,
      `actor=${secret}`,
      `actor=mona@example.org`,
      `job=${encodeURIComponent(`https://ci.example/x y`)}`,
      `job=javascript:${secret}`,
      `run=1${'0'.repeat(5000)}`,
      '%',
      '&&==&',
    ]) {
      expect(claimed(query), query).to.deep.equal([]);
    }
    const noisy = encodeURIComponent(`https://u:${secret}@ci.example/j/1?t=${secret}#${secret}`);
    expect(claimed(`job=${noisy}`)).to.deep.equal(['job https://ci.example/j/1']);
  });

  it('addresses: one state, one operation, nothing else', () => {
    const of = (method: string, address: string) => parseTarget(method, address);
    expect(of('POST', '/state/net?ID=x&run=1')).to.deep.include({ name: 'net', operation: 'write', lockId: 'x' });
    expect(of('DELETE', '/state/net/lock')).to.include({ operation: 'unlock' });
    expect(of('LOCK', '/state/net')).to.include({ operation: 'lock' });
    for (const address of [
      '/',
      '/state/',
      '/state/..',
      '/state/a/b',
      '/state/.a',
      '/state/a%2Fb',
      '/state/net/',
      '*',
    ]) {
      expect(of('GET', address), address).to.equal('not-found');
    }
    expect(of('PATCH', '/state/net')).to.equal('method-refused');
    expect(of('GET', '/state/net/lock')).to.equal('method-refused');
  });
});
