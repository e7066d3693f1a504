// What doctor makes of settings and answers: each bad one is named, with a fix; good ones are left alone.
import { expect } from 'chai';
import type { LifecycleRule } from '../../daemon/archive/s3-bucket.ts';
import { judgeDelete, judgeMultipart, judgeOrigin, judgeSkew } from '../../daemon/doctor/archive-checks.ts';
import { judgeLifecycle, judgeObjectLock, judgeVersioning } from '../../daemon/doctor/bucket-checks.ts';
import { exitCodeOf, type Check } from '../../daemon/doctor/check.ts';
import { checkRetention } from '../../daemon/doctor/retention-checks.ts';
import { checkSources } from '../../daemon/doctor/source-checks.ts';

const results = (checks: readonly Check[]): string[] => checks.map(({ name, result }) => `${name} ${result}`);
const answer = (status: number) => ({ status, name: '', versionId: '', hasChecksum: false });
const rule = (more: Partial<LifecycleRule>): LifecycleRule => ({
  id: 'r',
  prefix: '',
  isNarrowed: false,
  expiresCurrent: false,
  expiresNoncurrent: false,
  movesTo: [],
  abortsUploads: false,
  ...more,
});
const locks = { mode: 'COMPLIANCE', structureDays: 400, contentDays: 400, auditDays: 400, legalHold: false } as const;

describe('doctor', () => {
  it('asks for versions and Object Lock', () => {
    expect(['Enabled', 'Suspended', ''].map((status) => judgeVersioning('b', status).result)).to.deep.equal([
      'ok',
      'fail',
      'fail',
    ]);
    expect(judgeVersioning('b', '').fix).to.contain('aws s3api put-bucket-versioning --bucket b');
    expect(results(judgeObjectLock('b', { isEnabled: false, byDefault: undefined }))).to.deep.equal([
      'object-lock fail',
    ]);
    expect(results(judgeObjectLock('b', { isEnabled: true, byDefault: undefined }))).to.deep.equal([
      'object-lock ok',
      'default-lock ok',
    ]);
  });

  it('names every rule that touches the archive and hurts it', () => {
    const judged = (more: Partial<LifecycleRule>, prefix = 'logs') =>
      results(judgeLifecycle('b', prefix, [rule(more)]));
    expect(judged({ expiresCurrent: true })).to.deep.equal(['lifecycle fail']);
    expect(judged({ expiresNoncurrent: true, prefix: 'logs/host/' })).to.deep.equal(['lifecycle fail']);
    expect(judged({ movesTo: ['DEEP_ARCHIVE'], prefix: 'lo' })).to.deep.equal(['lifecycle fail']);
    expect(judged({ movesTo: ['STANDARD_IA'] })).to.deep.equal(['lifecycle warn']);
    expect(judged({ abortsUploads: true })).to.deep.equal(['lifecycle ok']);
    expect(judged({ expiresCurrent: true, prefix: 'logs-of-others/' })).to.deep.equal(['lifecycle ok']);
    expect(judged({ expiresCurrent: true, prefix: 'other/' }, '')).to.deep.equal(['lifecycle fail']);
  });

  it('compares locks with how far back an auditor looks', () => {
    const judged = (more: object) => results(checkRetention({ ...locks, ...more }));
    expect(judged({})).to.deep.equal(['mode ok', 'days ok', 'audit-horizon ok']);
    expect(judged({ mode: 'GOVERNANCE' })[0]).to.equal('mode warn');
    expect(judged({ structureDays: 30, contentDays: 31 })[1]).to.equal('days fail');
    expect(judged({ contentDays: 399 })[2]).to.equal('audit-horizon fail');
    expect(judged({ structureDays: 30, contentDays: 30, auditDays: undefined })[2]).to.equal('audit-horizon warn');
  });

  it('reads rights from answers about what does not exist', () => {
    expect([403, 200, 404, 400].map((status) => judgeDelete(answer(status)).result)).to.deep.equal([
      'ok',
      'fail',
      'fail',
      'unknown',
    ]);
    expect([403, 404, 400].map((status) => judgeMultipart(answer(status)).result)).to.deep.equal([
      'ok',
      'warn',
      'unknown',
    ]);
  });

  it('warns of the role of the host, and of clocks apart', () => {
    expect(judgeOrigin('profile', false).result).to.equal('ok');
    expect([judgeOrigin('instance', false), judgeOrigin('instance', true)].map(({ result }) => result)).to.deep.equal([
      'fail',
      'warn',
    ]);
    expect([0, -40_000, 299_000, 300_000].map((skewMs) => judgeSkew(skewMs).result)).to.deep.equal([
      'ok',
      'warn',
      'warn',
      'fail',
    ]);
  });

  it('warns of a bucket of states that is read as the archive is written, and shows no key', async () => {
    const keys = (name: string) => ({
      credentials: { accessKeyId: `AKID-${name}`, secretAccessKey: `secret-${name}` },
    });
    const archive = { ...keys('writer'), bucket: 'evidence', prefix: '', region: 'us-east-1', profile: 'writer' };
    const from = (name: string, profile: string) => ({
      ...{ bucket: 'states', prefix: name, pollMs: 1, workspaceKeyPrefix: 'env:', states: [] },
      s3: { ...keys(name), profile, region: 'us-east-1' },
    });
    const buckets = [from('reader', 'reader'), from('writer', 'other'), from('moment', 'writer')];
    const checks = await checkSources(archive, buckets);
    expect(results(checks)).to.deep.equal(['ok', 'warn', 'warn'].map((result) => `source-credentials ${result}`));
    expect(checks[1]?.text).to.contain('s3://states/writer');
    expect(checks[1]?.fix).to.contain('profile: NAME').and.to.contain('state-reader.json');
    expect(JSON.stringify(checks)).not.to.contain('AKID').and.not.contain('secret-');
  });

  it('exits 1 for what has to be mended alone', () => {
    const check = (result: Check['result']): Check => ({ name: 'a', result, text: '', fix: '' });
    expect(exitCodeOf([check('ok'), check('warn'), check('unknown')])).to.equal(0);
    expect(exitCodeOf([check('ok'), check('fail')])).to.equal(1);
  });
});
