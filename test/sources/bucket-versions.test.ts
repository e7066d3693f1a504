// The order of versions that a listing does not give, and the place of a cursor among them.
import { expect } from 'chai';
import {
  formatCursor,
  mergePage,
  parseCursor,
  readBehind,
  type Behind,
  type StoreVersion,
} from '../../daemon/sources/bucket-versions.ts';

const at = (ms: number, versionId = `v${ms}`, isDeleteMarker = false): StoreVersion => {
  return { versionId, modifiedMs: ms, sizeBytes: 1, isDeleteMarker };
};
const entry = (VersionId: string, ms: number, IsLatest = false) => {
  return { Key: 'app.tfstate', VersionId, LastModified: new Date(ms), IsLatest, Size: 1 };
};
const ids = ({ versions }: Behind): readonly string[] => versions.map(({ versionId }) => versionId);

async function* pages(...all: readonly (readonly StoreVersion[])[]): AsyncGenerator<readonly StoreVersion[]> {
  for (const page of all) yield await Promise.resolve(page);
}

describe('versions of a key', () => {
  it('are put in order again, which the SDK parts', () => {
    const page = { Versions: [entry('c', 30, true), entry('a', 10)], DeleteMarkers: [entry('b', 20)] };
    expect(mergePage(page, 'app.tfstate').map(({ versionId }) => versionId)).to.deep.equal(['c', 'b', 'a']);
  });

  it('in one second: the latest first, then marker and version take turns', () => {
    const page = {
      Versions: [entry('put2', 1000), entry('put1', 1000)],
      DeleteMarkers: [entry('del2', 1000, true), entry('del1', 1000)],
    };
    const order = mergePage(page, 'app.tfstate').map(({ versionId }) => versionId);
    expect(order).to.deep.equal(['del2', 'put2', 'del1', 'put1']);
  });

  it('of longer keys are none of this one', () => {
    const page = { Versions: [entry('a', 10), { ...entry('b', 20), Key: 'app.tfstate.tflock' }] };
    expect(mergePage(page, 'app.tfstate')).to.have.length(1);
  });

  it('with times that are none, or beyond the years of the format, still have a cursor', () => {
    const page = { Versions: [entry('a', Number.NaN), entry('b', 8.64e15)] };
    for (const version of mergePage(page, 'app.tfstate')) expect(formatCursor(version)).to.match(/^[ab]@\d{4}-/u);
  });

  it('a cursor is read back, whatever the id holds; other texts are none', () => {
    const cursor = { versionId: 'a@b@c', modifiedMs: 1_782_222_222_123 };
    expect(parseCursor(formatCursor(cursor))).to.deep.equal(cursor);
    for (const text of ['', 'v1', '@2026-01-01T00:00:00Z', 'v1@yesterday', '12-34-56-78']) {
      expect(parseCursor(text), text).to.equal(undefined);
    }
  });

  it('behind a cursor come oldest first, over pages', async () => {
    const listed = pages([at(5), at(4)], [at(3), at(2), at(1)]);
    expect(ids(await readBehind(listed, at(2), 0, 100))).to.deep.equal(['v3', 'v4', 'v5']);
  });

  it('behind a cursor whose version has expired: what is younger', async () => {
    const found = await readBehind(pages([at(5), at(4)]), at(3, 'gone'), 0, 100);
    expect(ids(found)).to.deep.equal(['v4', 'v5']);
    expect(found.isFirst).to.equal(false);
  });

  it('more than fit: the oldest, and said so', async () => {
    const found = await readBehind(pages([at(5), at(4), at(3), at(2)], [at(1)]), at(1), 0, 2);
    expect([ids(found), found.isWhole]).to.deep.equal([['v2', 'v3'], false]);
  });

  it('without a cursor: from the newest before the beginning on', async () => {
    const found = await readBehind(pages([at(5), at(4), at(3), at(2)]), undefined, 3, 100);
    expect([ids(found), found.isFirst]).to.deep.equal([['v3', 'v4', 'v5'], false]);
  });

  it('without a cursor and nothing before the beginning: the first one was made then', async () => {
    const born = await readBehind(pages([at(5), at(4)]), undefined, 3, 100);
    expect([ids(born), born.isFirst]).to.deep.equal([['v4', 'v5'], true]);
    const again = await readBehind(pages([at(5), at(2, 'gone', true), at(1)]), undefined, 3, 100);
    expect([ids(again), again.isFirst]).to.deep.equal([['v5'], true]);
  });
});
