// Archive locations as people type them: read, refused, and never with credentials.
import { expect } from 'chai';
import fc from 'fast-check';
import { formatArchiveLocation, parseArchiveLocation } from '../../daemon/archive/location.ts';
import { ConfigError } from '../../daemon/errors.ts';

describe('archive location', () => {
  it('reads buckets, prefixes and paths', () => {
    expect(parseArchiveLocation('s3://evidence')).to.deep.equal({ kind: 's3', bucket: 'evidence', prefix: '' });
    expect(parseArchiveLocation('s3://evidence/')).to.deep.equal({ kind: 's3', bucket: 'evidence', prefix: '' });
    expect(parseArchiveLocation('S3://evidence/hub-1/Logs/')).to.deep.equal({
      kind: 's3',
      bucket: 'evidence',
      prefix: 'hub-1/Logs',
    });
    for (const path of ['/srv/archive', './archive', 'archive', '..', 'C:\\archive', 'with space', 'a@b']) {
      expect(parseArchiveLocation(path)).to.deep.equal({ kind: 'directory', path });
    }
  });

  const refused: readonly (readonly [string, string])[] = [
    ['', 'archive-location-invalid'],
    ['  ', 'archive-location-invalid'],
    ['a\0b', 'archive-location-invalid'],
    ['s3:evidence', 'archive-location-invalid'],
    ['s3:/evidence', 'archive-location-invalid'],
    ['s3://', 'archive-location-invalid'],
    ['s3:///prefix', 'archive-location-invalid'],
    ['s3://Evidence', 'archive-location-invalid'],
    ['s3://ev', 'archive-location-invalid'],
    ['s3://evi..dence', 'archive-location-invalid'],
    ['s3://evidence//a', 'archive-location-invalid'],
    ['s3://evidence/a/../b', 'archive-location-invalid'],
    ['s3://evidence/a b', 'archive-location-invalid'],
    ['s3://evidence/%2e%2e', 'archive-location-invalid'],
    ['s3://AKIA:hush@evidence/a', 'archive-location-credentials'],
    ['s3://hush@evidence', 'archive-location-credentials'],
    ['s3://evidence/a?X-Amz-Signature=hush', 'archive-location-credentials'],
    ['https://me:hush@s3.example.org/evidence', 'archive-location-credentials'],
    ['https://s3.example.org/evidence', 'archive-location-scheme'],
    ['file:///srv/archive', 'archive-location-scheme'],
  ];
  for (const [text, code] of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const error = caught(() => parseArchiveLocation(text));
      expect(error.code).to.equal(code);
      expect(`${error.message} ${error.hint} ${error.stack ?? ''}`).not.to.match(/hush|AKIA/);
    });
  }

  it('formats what it parses', () => {
    const name = fc.stringMatching(/^[a-z0-9]{3,20}$/);
    const prefix = fc.array(fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/), { maxLength: 4 }).map((one) => one.join('/'));
    fc.assert(
      fc.property(name, prefix, (bucket, one) => {
        const location = { kind: 's3', bucket, prefix: one } as const;
        expect(parseArchiveLocation(formatArchiveLocation(location))).to.deep.equal(location);
      }),
    );
  });
});

function caught(work: () => unknown): ConfigError {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return error;
  }
  throw new Error('expected a ConfigError, got none');
}
