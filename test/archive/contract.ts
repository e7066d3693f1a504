// The contract of the archive port (daemon/archive/archive.ts), one suite for every adapter.
import { expect } from 'chai';
import type { Archive, ObjectVersion } from '../../daemon/archive/archive.ts';
import { sha256Hex } from '../../daemon/archive/key.ts';
import { ArchiveError } from '../../daemon/errors.ts';

export interface ArchiveUnderTest {
  /** Empty, and nobody else's. */
  readonly archive: Archive;
  close(): Promise<void>;
}

const key = 'log/seal/0000000000000000';
const invalidKeys = [
  '',
  '/a',
  'a/',
  'a//b',
  '../a',
  'a/../b',
  'a/./b',
  '.tmp/a',
  'A',
  'a b',
  'a\0',
  'a\\b',
  'é',
  'a'.repeat(701),
];

export interface ContractOptions {
  /** True where If-None-Match is ignored: a put on a taken key adds a version. */
  readonly ignoresConditions?: boolean;
}

/** Runs every rule of the port's contract over what `open` gives; `open` is called once per test. */
export function describeArchiveContract(
  name: string,
  open: () => Promise<ArchiveUnderTest>,
  options: ContractOptions = {},
): void {
  const ignoresConditions = options.ignoresConditions === true;
  describe(`archive contract: ${name}`, () => {
    let tested: ArchiveUnderTest;
    let archive: Archive;
    beforeEach(async () => {
      tested = await open();
      archive = tested.archive;
    });
    afterEach(async () => {
      await archive.close();
      await tested.close();
    });

    it('gives back the exact bytes, by a receipt that tells them', async () => {
      const body = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);
      const receipt = await created(archive, key, body);
      expect(receipt).to.include({ key, sizeBytes: body.length, sha256: sha256Hex(body) });
      expect(receipt.versionId).not.to.equal('');
      expect(new Date(receipt.lastModified).toISOString()).to.equal(receipt.lastModified);
      expect(sha256Hex(await archive.get(key, receipt.versionId))).to.equal(sha256Hex(body));
      const { sha256, ...lock } = receipt;
      expect(await archive.readLock(key, receipt.versionId)).to.deep.equal(lock);
      expect(sha256).to.equal(sha256Hex(body));
    });

    it('keeps what it was given when the caller changes its buffer later', async () => {
      const body = bytes('first');
      const { versionId } = await created(archive, key, body);
      body.fill(0);
      expect(text(await archive.get(key, versionId))).to.equal('first');
    });

    it('says exists for a taken key, or adds a version, and never replaces', async () => {
      const { versionId } = await created(archive, key, bytes('first'));
      const second = await archive.put(key, bytes('second'), sha256Hex(bytes('second')), undefined);
      expect(second.outcome).to.equal(ignoresConditions ? 'created' : 'exists');
      expect(text(await archive.get(key, versionId))).to.equal('first');
      expect(await archive.versions(key)).to.have.length(ignoresConditions ? 2 : 1);
    });

    if (!ignoresConditions)
      it('creates one object for eight writers at once', async () => {
        const bodies = Array.from({ length: 8 }, (_, index) => bytes(`writer ${index}`));
        const results = await Promise.all(bodies.map((body) => archive.put(key, body, sha256Hex(body), undefined)));
        const receipts = results.flatMap((result) => (result.outcome === 'created' ? [result.receipt] : []));
        expect(receipts).to.have.length(1);
        const [version] = await archive.versions(key);
        expect(sha256Hex(await archive.get(key, version?.versionId ?? ''))).to.equal(receipts[0]?.sha256);
      });

    it('lists the versions of exactly one key', async () => {
      for (const name of [key, `${key}0`, `${key}~2`, 'log/seal/000']) await created(archive, name, bytes(name));
      const [version, ...others] = await archive.versions(key);
      expect(others).to.deep.equal([]);
      expect(version).to.include({ key, sizeBytes: key.length, isLatest: true, isDeleteMarker: false });
      expect(await archive.versions('log/seal/1')).to.deep.equal([]);
      expect(await archive.versions('log/other/1')).to.deep.equal([]);
    });

    it('lists below a prefix in key order', async () => {
      const names = ['a/b', 'a.b', 'a~b', 'b/0~2', 'b/0', 'b/00', 'b0', 'a/c/d/e'];
      for (const name of names) await created(archive, name, bytes(name));
      expect(await listed(archive, '')).to.deep.equal(['a.b', 'a/b', 'a/c/d/e', 'a~b', 'b/0', 'b/00', 'b/0~2', 'b0']);
      expect(await listed(archive, 'b/')).to.deep.equal(['b/0', 'b/00', 'b/0~2']);
      expect(await listed(archive, 'b')).to.deep.equal(['b/0', 'b/00', 'b/0~2', 'b0']);
      expect(await listed(archive, 'a/c/d')).to.deep.equal(['a/c/d/e']);
      expect(await listed(archive, 'c/')).to.deep.equal([]);
    });

    it('can leave a listing before its end', async () => {
      for (const name of ['a/0', 'a/1', 'a/2']) await created(archive, name, bytes(name));
      for await (const version of archive.list('')) {
        expect(version.key).to.equal('a/0');
        break;
      }
    });

    it('says permanently that a version is not there', async () => {
      const { versionId } = await created(archive, key, bytes('first'));
      for (const missing of ['log/seal/1', 'nowhere/1']) {
        await expectError(archive.get(missing, versionId), 'archive-object-missing');
        await expectError(archive.readLock(missing, versionId), 'archive-object-missing');
      }
      await expectError(archive.get(key, ''), 'archive-object-missing');
      await expectError(archive.readLock(key, ''), 'archive-object-missing');
    });

    it('refuses to read more than allowed', async () => {
      const { versionId } = await created(archive, key, bytes('12345'));
      await expectError(archive.get(key, versionId, 4), 'archive-object-too-large');
      expect(text(await archive.get(key, versionId, 5))).to.equal('12345');
    });

    it('refuses other keys than its own alphabet, before any effect', async () => {
      for (const invalid of invalidKeys) {
        await expectError(archive.put(invalid, bytes('x'), sha256Hex(bytes('x')), undefined), 'archive-key-invalid');
        await expectError(archive.versions(invalid), 'archive-key-invalid');
        await expectError(archive.get(invalid, 'file'), 'archive-key-invalid');
        await expectError(archive.readLock(invalid, 'file'), 'archive-key-invalid');
      }
      for (const invalid of ['/', '../', 'a//', '.', 'A'])
        await expectError(listed(archive, invalid), 'archive-key-invalid');
      expect(await listed(archive, '')).to.deep.equal([]);
    });

    it('knows the clock of the store to the second', async () => {
      await created(archive, key, bytes('first'));
      expect(Math.abs(archive.clockSkewMs)).to.be.lessThan(2000);
    });
  });
}

/** The receipt of a put that must create. */
export async function created(archive: Archive, name: string, body: Uint8Array) {
  const result = await archive.put(name, body, sha256Hex(body), undefined);
  if (result.outcome !== 'created') throw new Error(`expected ${name} to be created, got ${result.outcome}`);
  return result.receipt;
}

/** Expects an ArchiveError of this code; permanent unless said otherwise. */
export async function expectError(result: Promise<unknown>, code: string, transient = false): Promise<ArchiveError> {
  const error: unknown = await result.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof ArchiveError)) throw new Error(`expected ${code}, got ${String(error)}`);
  expect(error).to.include({ code, transient });
  expect(error.hint).not.to.equal('');
  return error;
}

export async function listed(archive: Archive, prefix: string): Promise<readonly string[]> {
  const found: ObjectVersion[] = [];
  for await (const version of archive.list(prefix)) found.push(version);
  return found.map((version) => version.key);
}

export function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function text(value: Uint8Array): string {
  return new TextDecoder().decode(value);
}
