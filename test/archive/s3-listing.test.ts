// Pages of a listing as the SDK gives them → versions of the port.
import { expect } from 'chai';
import { toVersions } from '../../daemon/archive/s3-listing.ts';

describe('s3 listing', () => {
  it('tells objects written in parts from those written at once', () => {
    const page = {
      Versions: [
        { Key: 'p/a', VersionId: '1', ETag: '"9bb58f26192e4ba00f01e2e7b136bbd8"' },
        { Key: 'p/b', VersionId: '1', ETag: '"9bb58f26192e4ba00f01e2e7b136bbd8-1"' },
        { Key: 'p/c', VersionId: '1', ETag: '9bb58f26192e4ba00f01e2e7b136bbd8-10000' },
        { Key: 'p/d', VersionId: '1' },
      ],
      DeleteMarkers: [{ Key: 'p/e', VersionId: '1' }],
    };
    const isMultipart = toVersions(page, 'p/', '').map((version) => [version.key, version.isMultipart === true]);
    expect(Object.fromEntries(isMultipart)).to.deep.equal({ a: false, b: true, c: true, d: false, e: false });
  });
});
