// The S3 archive against refusals, and against silent, cut, endless and wrong answers.
import { expect } from 'chai';
import type { Archive, Retention } from '../../daemon/archive/archive.ts';
import { sha256Hex } from '../../daemon/archive/key.ts';
import { bytes, created, expectError, listed } from './contract.ts';
import {
  errorAnswer,
  everythingIn,
  openStubArchive as open,
  startS3Stub,
  type Operation,
  type S3Stub,
  type StubAnswer,
} from './s3-stub.ts';

const lock: Retention = { mode: 'GOVERNANCE', days: 30 };

describe('s3 archive faults', () => {
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

  const refusals: readonly (readonly [number, string, string, boolean])[] = [
    [301, 'PermanentRedirect', 'archive-wrong-region', false],
    [400, 'AuthorizationHeaderMalformed', 'archive-wrong-region', false],
    [400, 'InvalidRequest', 'archive-refused', false],
    [400, 'ExpiredToken', 'archive-credentials', false],
    [400, 'RequestTimeout', 'archive-unavailable', true],
    [403, 'AccessDenied', 'archive-denied', false],
    [403, 'InvalidAccessKeyId', 'archive-credentials', false],
    [403, 'SignatureDoesNotMatch', 'archive-credentials', false],
    [403, 'RequestTimeTooSkewed', 'archive-clock-skew', false],
    [404, 'NoSuchBucket', 'archive-missing', false],
    [409, 'ConditionalRequestConflict', 'archive-conflict', true],
    [409, 'OperationAborted', 'archive-conflict', true],
    [409, 'InvalidBucketState', 'archive-refused', false],
    [429, 'TooManyRequests', 'archive-unavailable', true],
    [500, 'InternalError', 'archive-unavailable', true],
    [503, 'ServiceUnavailable', 'archive-unavailable', true],
    [503, '<script>evil</script>', 'archive-unavailable', true],
  ];
  for (const [status, name, code, transient] of refusals) {
    it(`reads ${status} ${name} as ${code}`, async () => {
      answer('PutObject', errorAnswer(status, name));
      const error = await expectError(put('a', 'none'), code, transient);
      expect(error.message).to.contain('PutObject of a');
      expect(everythingIn(error)).not.to.match(/secret|script/i);
      answer('GetObject', errorAnswer(status, name));
      if (status !== 409) await expectError(archive.get('a', 'v1'), code, transient);
    });
  }

  for (const [status, name] of [
    [412, 'PreconditionFailed'],
    [409, 'FileAlreadyExists'],
  ] as const) {
    it(`reads ${status} ${name} to a put as: exists`, async () => {
      answer('PutObject', errorAnswer(status, name));
      expect(await put()).to.deep.equal({ outcome: 'exists' });
    });
  }

  it('reads the answers to HEAD, which have no body', async () => {
    for (const [status, code] of [
      [403, 'archive-denied'],
      [404, 'archive-object-missing'],
      [405, 'archive-object-missing'],
    ] as const) {
      answer('HeadObject', { status });
      await expectError(archive.readLock('a', 'v1'), code);
    }
    stub.skewMs = 3_600_000;
    answer('HeadObject', { status: 403 });
    await expectError(archive.readLock('a', 'v1'), 'archive-clock-skew');
    stub.skewMs = 0;
    answer('HeadObject', { status: 500 });
    await expectError(archive.readLock('a', 'v1'), 'archive-unavailable', true);
  });

  describe('without a usable answer', () => {
    it('says that nobody answers', async () => {
      await stub.close();
      const error = await expectError(archive.versions('a'), 'archive-unreachable', true);
      expect(error.message).to.contain('ECONNREFUSED');
      stub = await startS3Stub();
    });

    it('gives up on a silent store, in listings and bodies too', async () => {
      const impatient = await open(stub, { timeouts: { connectMs: 200, requestMs: 100 } });
      const { versionId } = await created(impatient, 'a', bytes('one'));
      const slow = (operation: Operation, stallAfter: number) => {
        stub.intervene = (request, carryOut) =>
          request.operation === operation ? { ...carryOut(), stallAfter } : undefined;
      };
      for (const stallAfter of [0, 2]) {
        slow('GetObject', stallAfter);
        await expectError(impatient.get('a', versionId), 'archive-unreachable', true);
        slow('ListObjectVersions', stallAfter);
        await expectError(impatient.versions('a'), 'archive-unreachable', true);
      }
      await impatient.close();
    });

    it('cuts what is under way when it is closed, and refuses what comes later', async () => {
      const closing = await open(stub);
      const isUnderWay = new Promise<void>((resolve) => {
        stub.intervene = (_request, carryOut) => {
          setImmediate(resolve);
          return { ...carryOut(), stallAfter: 0 };
        };
      });
      const underWay = expectError(closing.versions('a'), 'archive-unreachable', true);
      await isUnderWay;
      await closing.close();
      await underWay;
      await expectError(closing.versions('a'), 'archive-unreachable', true);
    });

    it('never takes a part of a body for the whole', async () => {
      const { versionId } = await created(archive, 'a', bytes('0123456789'));
      for (let cutAfter = 0; cutAfter < 10; cutAfter++) {
        stub.intervene = (_request, carryOut) => ({ ...carryOut(), cutAfter });
        const error = await archive.get('a', versionId).catch((caught: unknown) => caught);
        expect(error).to.include({ name: 'ArchiveError', transient: true });
      }
    });

    it('refuses an answer that is no XML, or has no end', async () => {
      for (const body of ['not xml', '<a><b></a>', '', '<html><body>log in first</body></html>']) {
        answer('ListObjectVersions', { status: 200, body });
        const error: unknown = await listed(archive, '').catch((caught: unknown) => caught);
        expect(error).to.include({ name: 'ArchiveError', transient: true });
      }
      answer('ListObjectVersions', { status: 200, body: Buffer.alloc(17 * 1024 ** 2, 32) });
      await expectError(listed(archive, ''), 'archive-unavailable', true);
      answer('GetObject', { status: 500, body: Buffer.alloc(17 * 1024 ** 2, 32) });
      await expectError(archive.get('a', 'v1'), 'archive-unavailable', true);
    });

    it('refuses another version than asked for', async () => {
      answer('GetObject', { status: 200, headers: { 'x-amz-version-id': 'v2' }, body: 'one' });
      await expectError(archive.get('a', 'v1'), 'archive-bad-answer', true);
    });

    it('leaves no connection behind after a hundred answers that it does not read', async () => {
      const { versionId } = await created(archive, 'a', bytes('a long body'.repeat(10_000)));
      const tries = Array.from({ length: 100 }, () =>
        expectError(archive.get('a', versionId, 4), 'archive-object-too-large'),
      );
      await Promise.all(tries);
      expect((await archive.get('a', versionId)).length).to.equal(110_000);
    });
  });
});
