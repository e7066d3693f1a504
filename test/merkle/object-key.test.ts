// Object keys: one name per object, and everything else in an archive is unknown.
import { expect } from 'chai';
import fc from 'fast-check';
import { assertArchiveKey } from '../../daemon/archive/key.ts';
import {
  batchKey,
  blobKey,
  checkpointKey,
  formatObjectKey,
  parseObjectKey,
  sealKey,
  type ObjectKey,
} from '../../daemon/merkle/object-key.ts';

const digest = 'ab'.repeat(32);

describe('merkle/object-key', () => {
  it('names the objects of one batch', () => {
    expect(batchKey(4096)).to.equal('batch/0000000000004096.ndjson.gz');
    expect(blobKey(4096, digest)).to.equal(`blob/0000000000004096/${digest}`);
    expect(sealKey(0)).to.equal('seal/0000000000000000');
    expect(checkpointKey(2 ** 53 - 1)).to.equal('checkpoint/9007199254740991');
    expect(sealKey(7, 2)).to.equal('seal/0000000000000007~2');
    expect(batchKey(7, 13)).to.equal('batch/0000000000000007.ndjson.gz~13');
  });

  it('reads every key back, and the archive takes it', () => {
    const parts = { prev: fc.maxSafeNat(), attempt: fc.integer({ min: 1, max: 50 }) };
    const anyKey: fc.Arbitrary<ObjectKey> = fc.oneof(
      fc.record({ kind: fc.constantFrom('batch' as const, 'seal' as const, 'checkpoint' as const), ...parts }),
      fc.record({ kind: fc.constant('blob' as const), ...parts, sha256: fc.constant(digest) }),
    );
    fc.assert(
      fc.property(anyKey, (key) => {
        const text = formatObjectKey(key);
        assertArchiveKey(text);
        expect(parseObjectKey(text)).to.deep.equal(key);
      }),
    );
  });

  it('sorts as numbers do', () => {
    const keys = [9, 10, 99, 100, 12345678901].map((prev) => sealKey(prev));
    expect(keys.toSorted()).to.deep.equal(keys);
  });

  it('calls everything else unknown', () => {
    const prev = '0000000000000007';
    // prettier-ignore
    const corpus = [
      '', 'seal', 'seal/', 'seal/7', `seal/${prev}/`, `/seal/${prev}`, `seal/${prev}~`, `seal/${prev}~0`, `seal/${prev}~1`,
      `seal/${prev}~02`, `seal/${prev}~-2`, `seal/${prev}~2~3`, `seal/${prev}~9999999999`, `seal/0${prev}`, `Seal/${prev}`,
      `seal/${prev}.gz`, `batch/${prev}`, `batch/${prev}.ndjson`, `batch/${prev}~2.ndjson.gz`, `batch/${prev}.ndjson.gz\n`,
      `blob/${prev}`, `blob/${prev}/`, `blob/${prev}/${digest.slice(1)}`, `blob/${prev}/${digest.toUpperCase()}`,
      `blob/${prev}/${digest}/x`, `blob/../${prev}/${digest}`, 'seal/9007199254740992', `cosig/${prev}`, `excised/${prev}`,
      'seal/٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠',
    ];
    for (const key of corpus) expect(parseObjectKey(key), key).to.deep.equal({ kind: 'unknown' });
  });

  it('refuses to name what is none', () => {
    for (const prev of [-1, 0.5, 2 ** 53, NaN]) expect(() => sealKey(prev)).to.throw(RangeError);
    for (const attempt of [0, -1, 1.5, 1e9]) expect(() => sealKey(0, attempt)).to.throw(RangeError);
    for (const sha256 of ['', '../x', digest.toUpperCase()]) expect(() => blobKey(0, sha256)).to.throw(RangeError);
  });
});
