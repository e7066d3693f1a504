// Lock files of real runs, and forged ones.
import { expect } from 'chai';
import { parseLockInfo } from '../../daemon/terraform/lock-info.ts';
import { encode, failureOf, listFixtures, readFixture } from './fixtures.ts';

const LOCK = {
  ID: 'i',
  Operation: 'OperationTypeApply',
  Info: '',
  Who: 'root@vm',
  Version: '1.11.4',
  Created: '2026-11-23T02:26:51Z',
  Path: 'p',
};
const failure = (value: unknown): string => failureOf(() => parseLockInfo(encode(value))).code;

describe('parseLockInfo', () => {
  it('reads every sample', () => {
    const locks = listFixtures('lockinfo').map((file) => parseLockInfo(readFixture(file)));
    expect(locks.map((lock) => lock.operation)).to.have.members([
      'untaint',
      'OperationTypeApply',
      'OperationTypeApply',
    ]);
    expect(locks.find((lock) => lock.operation === 'untaint')).to.deep.equal({
      id: 'db85b396-8ddc-711d-ffc0-c0d1d69cafef',
      operation: 'untaint',
      info: '',
      who: 'root@vm',
      version: '1.11.4',
      created: '2026-11-23T02:26:51.21684481Z',
      path: 'terraform.tfstate',
    });
  });

  for (const name of Object.keys(LOCK)) {
    it(`refuses ${name} that is absent or no string`, () => {
      for (const value of [undefined, null, 1, {}, ['x']])
        expect(failure({ ...LOCK, [name]: value })).to.equal('lock-malformed');
    });
  }

  const TIMES = [
    '2024-02-29T23:59:60Z',
    '2026-01-01t00:00:00.123456789+23:59',
    '2000-02-29T00:00:00-00:00',
    '2026-12-31T23:59:59z',
  ];
  for (const created of TIMES) {
    it(`accepts ${created}`, () =>
      expect(parseLockInfo(encode({ ...LOCK, Created: created })).created).to.equal(created));
  }

  const NO_TIMES = [
    '',
    'now',
    '2026-11-23',
    '2026-11-23T02:26:51',
    '2026-11-23 02:26:51Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:61Z',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00.Z',
    '2026-01-01T00:00:00.1234567890Z',
    '2026-01-01T00:00:00Z\n',
    '٢٠٢٦-01-01T00:00:00Z',
  ];
  for (const created of NO_TIMES) {
    it(`refuses ${JSON.stringify(created)} as a time`, () =>
      expect(failure({ ...LOCK, Created: created })).to.equal('lock-malformed'));
  }

  it('cuts long fields at 1 KiB, between characters', () => {
    expect(parseLockInfo(encode({ ...LOCK, Who: 'x'.repeat(5000) })).who).to.equal('x'.repeat(1024));
    expect(parseLockInfo(encode({ ...LOCK, Info: 'x' + '😀'.repeat(500) })).info).to.equal('x' + '😀'.repeat(255));
    expect(parseLockInfo(encode({ ...LOCK, Path: 'é'.repeat(512) })).path).to.equal('é'.repeat(512));
  });

  it('refuses what is no lock, and every truncation', () => {
    for (const root of ['[]', 'null', '1', '{}', '"x"']) expect(failure(root)).to.equal('lock-malformed');
    const bytes = encode(LOCK);
    for (let end = 0; end < bytes.length; end += 1)
      expect(failureOf(() => parseLockInfo(bytes.subarray(0, end))).code).to.equal('json-syntax');
    expect(failure('[['.repeat(10))).to.equal('json-depth');
  });

  it('ignores what it does not know and shows nothing in errors', () => {
    expect(parseLockInfo(encode({ ...LOCK, More: { a: 1 } }))).to.not.have.property('More');
    expect(failureOf(() => parseLockInfo(encode({ ...LOCK, Created: 'SECRET' }))).message).to.not.include('SECRET');
  });
});
