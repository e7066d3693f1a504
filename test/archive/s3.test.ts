// The S3 archive against a stub that answers as AWS documents it, and against wrong, slow, cut and hostile answers.
import { expect } from 'chai';
import type { Archive, Retention } from '../../daemon/archive/archive.ts';
import { sha256Hex } from '../../daemon/archive/key.ts';
import { bytes, created, describeArchiveContract, expectError, listed, text } from './contract.ts';
import {
  errorAnswer,
  everythingIn,
  openStubArchive as open,
  startS3Stub,
  withHeaders,
  type Operation,
  type S3Stub,
  type StubAnswer,
} from './s3-stub.ts';

const lock: Retention = { mode: 'GOVERNANCE', days: 30 };
const dayMs = 86_400_000;

for (const prefix of ['', 'some/prefix']) {
  describeArchiveContract(`s3 stub, prefix "${prefix}", pages of 2`, async () => {
    const stub = await startS3Stub();
    const archive = await open(stub, { prefix, pageSize: 2 });
    return { archive, close: () => stub.close() };
  });
}

describe('s3 archive', () => {
  let stub: S3Stub;
  let archive: Archive;
  beforeEach(async () => {
    stub = await startS3Stub();
    archive = await open(stub);
  });
  afterEach(async () => {
    await archive.close();
    await stub.close();
  });

  const put = (key = 'a', retention: Retention | 'none' = lock) =>
    archive.put(key, bytes('one'), sha256Hex(bytes('one')), retention === 'none' ? undefined : retention);
  const answer = (operation: Operation, given: StubAnswer) => {
    stub.intervene = (request) => (request.operation === operation ? given : undefined);
  };
  const count = (operation: Operation) => stub.requests.filter((request) => request.operation === operation).length;

  describe('a put', () => {
    it('asks for a new object, its checksum and its lock, and reads the lock back', async () => {
      const result = await put();
      const request = stub.requests.find(({ operation }) => operation === 'PutObject');
      expect(request?.key).to.equal('hub-1/a');
      expect(request?.headers).to.include({
        'if-none-match': '*',
        'x-amz-checksum-sha256': Buffer.from(sha256Hex(bytes('one')), 'hex').toString('base64'),
        'x-amz-object-lock-mode': 'GOVERNANCE',
      });
      expect(result).to.nested.include({ outcome: 'created', 'receipt.mode': 'GOVERNANCE', 'receipt.sizeBytes': 3 });
      expect(stub.requests.map(({ operation }) => operation)).to.deep.equal([
        'ListObjectVersions',
        'PutObject',
        'HeadObject',
      ]);
    });

    it('asks for a legal hold, and accepts no answer without it', async () => {
      const held = await put('held', { ...lock, legalHold: true });
      expect(held).to.nested.include({ 'receipt.legalHold': true });
      const request = stub.requests.find(({ operation }) => operation === 'PutObject');
      expect(request?.headers['x-amz-object-lock-legal-hold']).to.equal('ON');
      stub.intervene = ({ operation }, carryOut) =>
        operation === 'HeadObject' ? withHeaders(carryOut(), { 'x-amz-object-lock-legal-hold': 'OFF' }) : undefined;
      await expectError(put('dropped', { ...lock, legalHold: true }), 'archive-not-locked');
      expect(await put('plain')).not.to.have.nested.property('receipt.legalHold');
    });

    it('dates the lock by the clock of the store, which it learns first', async () => {
      stub.skewMs = 3 * dayMs;
      const result = await put();
      if (result.outcome !== 'created') throw new Error('expected created');
      const { lastModified, retainUntil } = result.receipt;
      const lockedMs = Date.parse(retainUntil) - Date.parse(lastModified);
      expect(lockedMs).to.be.within(30 * dayMs, 30 * dayMs + 120_000);
      expect(archive.clockSkewMs).to.be.within(3 * dayMs - 2000, 3 * dayMs + 2000);
    });

    it('asks for no lock when none is wanted', async () => {
      const { mode, retainUntil } = await created(archive, 'a', bytes('one'));
      expect({ mode, retainUntil }).to.deep.equal({ mode: 'none', retainUntil: '' });
      expect(stub.requests[0]?.headers).not.to.have.property('x-amz-object-lock-mode');
    });

    it('names the KMS key', async () => {
      const other = await open(stub, { kmsKeyId: 'alias/evidence' });
      await created(other, 'a', bytes('one'));
      expect(stub.requests[0]?.headers).to.include({
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': 'alias/evidence',
      });
      await other.close();
    });

    it('tries once: failures are for the caller to look at', async () => {
      answer('PutObject', errorAnswer(503, 'SlowDown'));
      await expectError(put(), 'archive-unavailable', true);
      expect(count('PutObject')).to.equal(1);
    });

    it('leaves the object to be found when the answer got lost', async () => {
      stub.intervene = ({ operation }, carryOut) => {
        if (operation !== 'PutObject') return undefined;
        carryOut();
        return errorAnswer(500, 'InternalError');
      };
      await expectError(put(), 'archive-unavailable', true);
      stub.intervene = undefined;
      expect((await put()).outcome).to.equal('exists');
      const [version] = await archive.versions('a');
      expect(await archive.readLock('a', version?.versionId ?? '')).to.include({ mode: 'GOVERNANCE', sizeBytes: 3 });
    });

    it('refuses a store without versions', async () => {
      answer('PutObject', { status: 200 });
      await expectError(put(), 'archive-not-versioned');
      answer('PutObject', { status: 200, headers: { 'x-amz-version-id': 'null' } });
      await expectError(put(), 'archive-not-versioned');
    });

    it('refuses a lock that is missing, weaker or shorter than asked for', async () => {
      const until = (ms: number) => new Date(Date.now() + ms).toISOString();
      const locks = [
        {},
        { 'x-amz-object-lock-mode': 'COMPLIANCE', 'x-amz-object-lock-retain-until-date': until(40 * dayMs) },
        { 'x-amz-object-lock-mode': 'GOVERNANCE', 'x-amz-object-lock-retain-until-date': until(29 * dayMs) },
        { 'x-amz-object-lock-mode': 'GOVERNANCE' },
      ];
      for (const [index, headers] of locks.entries()) {
        answer('HeadObject', {
          status: 200,
          headers: { ...headers, 'last-modified': new Date().toUTCString() },
          body: 'one',
        });
        await expectError(put(`a${index}`), 'archive-not-locked');
      }
    });

    it('refuses a store that keeps something else than was sent', async () => {
      const lie = { 'x-amz-checksum-sha256': Buffer.alloc(32).toString('base64') };
      answer('HeadObject', { status: 200, headers: { 'last-modified': new Date().toUTCString() }, body: 'four' });
      await expectError(put('a', 'none'), 'archive-stored-otherwise');
      stub.intervene = ({ operation }, carryOut) =>
        operation === 'PutObject' ? withHeaders(carryOut(), lie) : undefined;
      await expectError(put('b', 'none'), 'archive-stored-otherwise');
    });

    it('is tried again when the version just written cannot be found', async () => {
      answer('HeadObject', { status: 404 });
      await expectError(put(), 'archive-bad-answer', true);
    });

    it('locks nothing by a store that does not tell the time', async () => {
      stub.intervene = (_request, carryOut) => ({ ...carryOut(), headers: { date: 'soon' } });
      await expectError(put(), 'archive-bad-answer', true);
      expect(count('PutObject')).to.equal(0);
    });
  });

  describe('a listing', () => {
    it('shows every version and marker of one key, the latest first, over several pages', async () => {
      const small = await open(stub, { pageSize: 1 });
      await created(small, 'a', bytes('one'));
      const own = stub.versions[0];
      if (own === undefined) throw new Error('unreachable');
      stub.versions.unshift({ ...own, versionId: 'marker', isDeleteMarker: true });
      stub.versions.unshift({ ...own, versionId: 'forged', body: Buffer.from('forged'), lastModified: new Date(0) });
      const versions = await small.versions('a');
      expect(versions.map(({ versionId, isDeleteMarker }) => [versionId, isDeleteMarker])).to.deep.equal([
        ['forged', false],
        ['marker', true],
        ['v1', false],
      ]);
      expect(versions[0]).to.include({ isLatest: true, lastModified: '1970-01-01T00:00:00.000Z', sizeBytes: 6 });
      expect(text(await small.get('a', 'forged'))).to.equal('forged');
      await expectError(small.get('a', 'marker'), 'archive-object-missing');
      await small.close();
    });

    it('reads no further than the key', async () => {
      const small = await open(stub, { pageSize: 2 });
      for (const key of ['a', 'a0', 'a1', 'a2', 'a3', 'a4']) await created(small, key, bytes(key));
      stub.requests.length = 0;
      expect(await small.versions('a')).to.have.length(1);
      expect(stub.requests).to.have.length(1);
      await small.close();
    });

    it('carries the keys that others chose', async () => {
      const { versionId } = await created(archive, 'a', bytes('one'));
      const own = stub.versions.find((one) => one.versionId === versionId);
      if (own === undefined) throw new Error('unreachable');
      const keys = ['a\u001b[31m', 'b <&> "', 'c+d e', 'd%2e', 'é'];
      for (const key of keys) stub.versions.push({ ...own, key: `hub-1/${key}` });
      stub.versions.push({ ...own, key: 'hub-10/x' }, { ...own, key: 'elsewhere' });
      expect(await listed(archive, '')).to.deep.equal(['a', ...keys]);
    });

    it('ends when the store goes in circles', async () => {
      await created(archive, 'a', bytes('one'));
      const page =
        '<IsTruncated>true</IsTruncated><NextKeyMarker>hub-1%2Fa</NextKeyMarker><NextVersionIdMarker>v1</NextVersionIdMarker>';
      answer('ListObjectVersions', { status: 200, body: `<ListVersionsResult>${page}</ListVersionsResult>` });
      await expectError(listed(archive, ''), 'archive-bad-listing', true);
      expect(count('ListObjectVersions')).to.be.lessThan(4);
    });
  });

  it('asks for a lock without reading the object, whatever checksum the store tells', async () => {
    const { versionId } = await created(archive, 'a', bytes('one'));
    stub.requests.length = 0;
    expect(await archive.readLock('a', versionId)).to.include({ key: 'a', versionId, sizeBytes: 3 });
    expect(stub.requests.map(({ operation }) => operation)).to.deep.equal(['HeadObject']);
    expect(stub.requests[0]?.headers).not.to.have.property('x-amz-checksum-mode');
  });

  it('says nothing of its credentials', async () => {
    expect(archive.location).to.equal('s3://evidence/hub-1');
    expect(JSON.stringify(archive)).not.to.contain('SECRET');
    const lost = await open(stub, { bucket: 'evidence', profile: 'no-such-profile', endpoint: 'http://127.0.0.1:1' });
    expect(everythingIn(await expectError(lost.versions('a'), 'archive-unreachable', true))).not.to.contain('SECRET');
    await lost.close();
  });

  it('can be closed before use and twice', async () => {
    const unused = await open(stub);
    await unused.close();
    await unused.close();
    expect(stub.requests).to.deep.equal([]);
  });
});
