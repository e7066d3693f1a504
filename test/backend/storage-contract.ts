// What every storage of the backend promises, checked over each adapter.
import { expect } from 'chai';
import type { BackendStorage } from '../../daemon/backend/storage.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (found: { readonly bytes: Uint8Array } | undefined): string | undefined =>
  found && Buffer.from(found.bytes).toString();

/** `open` gives a storage in which nothing is named `a` or `b`. */
export function storageContract(open: () => Promise<BackendStorage>): void {
  let storage: BackendStorage;

  beforeEach(async () => {
    storage = await open();
  });
  afterEach(() => storage.close());

  it('shows a staged version when it is published, whole and under its id', async () => {
    expect([await storage.head('a'), await storage.read('a'), await storage.staged('a')]).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ]);
    const id = await storage.stage('a', bytes('one'));
    expect([await storage.staged('a'), await storage.head('a')]).to.deep.equal([id, undefined]);
    await storage.publish('a');
    expect([await storage.staged('a'), await storage.head('a')]).to.deep.equal([undefined, id]);
    const found = await storage.read('a');
    expect([found?.id, text(found)]).to.deep.equal([id, 'one']);
    expect(Date.parse(found?.storedAt ?? '')).to.be.greaterThan(0);
    expect(await storage.head('b')).to.equal(undefined);
  });

  it('two versions have two ids, also of the same content', async () => {
    const ids = new Set<string | undefined>();
    for (let version = 0; version < 3; version += 1) {
      ids.add(await storage.stage('a', bytes('same')));
      await storage.publish('a');
      ids.add(await storage.head('a'));
    }
    expect(ids.size).to.equal(3);
  });

  it('staging again replaces, discarding leaves the current version', async () => {
    await storage.stage('a', bytes('one'));
    await storage.publish('a');
    await storage.stage('a', bytes('lost'));
    const id = await storage.stage('a', bytes('two'));
    expect(await storage.staged('a')).to.equal(id);
    expect(text(await storage.read('a'))).to.equal('one');
    await storage.discard('a');
    await storage.discard('a');
    expect([await storage.staged('a'), text(await storage.read('a'))]).to.deep.equal([undefined, 'one']);
  });

  it('retires what is there, and nothing', async () => {
    await storage.stage('a', bytes('one'));
    await storage.publish('a');
    await storage.retire('a');
    await storage.retire('a');
    expect(await storage.read('a')).to.equal(undefined);
  });

  it('holds one lock', async () => {
    expect(await storage.readLock('a')).to.equal(undefined);
    expect(await storage.putLock('a', bytes('first'))).to.equal(true);
    expect(await storage.putLock('a', bytes('second'))).to.equal(false);
    expect(text(await storage.readLock('a'))).to.equal('first');
    await storage.removeLock('a');
    await storage.removeLock('a');
    expect(await storage.putLock('a', bytes('third'))).to.equal(true);
    await storage.removeLock('a');
  });
}
