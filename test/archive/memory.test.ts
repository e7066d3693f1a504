// The memory archive holds to the contract, and catches the users that do not.
import { expect } from 'chai';
import { sha256Hex } from '../../daemon/archive/key.ts';
import { createMemoryArchive, storeAway } from '../support/memory-archive.ts';
import { bytes, created, describeArchiveContract, expectError, text } from './contract.ts';

const close = () => Promise.resolve();

describeArchiveContract('memory', () =>
  Promise.resolve({ archive: createMemoryArchive({ fail: () => undefined }), close }),
);
describeArchiveContract(
  'memory without conditional writes',
  () => Promise.resolve({ archive: createMemoryArchive({ fail: () => undefined, ignoresConditions: true }), close }),
  { ignoresConditions: true },
);

describe('memory archive', () => {
  it('fails the test on an overwrite, a delete, an empty and a wrong body', async () => {
    const failures: string[] = [];
    const archive = createMemoryArchive({ fail: (message) => void failures.push(message) });
    await created(archive, 'a', bytes('one'));
    await archive.put('a', bytes('one'), sha256Hex(bytes('one')), undefined);
    expect(failures).to.deep.equal([]);
    await archive.put('a', bytes('two'), sha256Hex(bytes('two')), undefined);
    archive.delete('a');
    await archive.put('b', bytes(''), sha256Hex(bytes('')), undefined);
    await archive.put('c', bytes('one'), sha256Hex(bytes('two')), undefined);
    expect(failures.map((message) => message.split(' ')[0])).to.deep.equal(['overwrite', 'delete', 'empty', 'body']);
  });

  it('loses a write, or keeps it and reports a failure, as told', async () => {
    const fates = [
      { persisted: false, error: storeAway() },
      { persisted: true, error: storeAway() },
    ];
    const archive = createMemoryArchive({ onPut: (_key, _body, putIndex) => fates[putIndex] });
    const put = () => archive.put('a', bytes('one'), sha256Hex(bytes('one')), undefined);
    await expectError(put(), 'archive-unavailable', true);
    expect(await archive.versions('a')).to.deep.equal([]);
    await expectError(put(), 'archive-unavailable', true);
    expect(await archive.versions('a')).to.have.length(1);
    expect((await put()).outcome).to.equal('exists');
    expect(archive.putCount).to.equal(3);
  });

  it('shows squatters, markers, tampering and expiry to every session', async () => {
    const archive = createMemoryArchive();
    const other = archive.openSession();
    const first = await created(archive, 'a', bytes('one'));
    const squatted = archive.squat('a', bytes('two'));
    const marker = archive.addDeleteMarker('a');
    expect((await other.versions('a')).map((version) => version.versionId)).to.deep.equal([
      marker,
      squatted,
      first.versionId,
    ]);
    await expectError(other.get('a', marker), 'archive-object-missing');
    archive.tamper('a', first.versionId, bytes('ome'));
    expect(text(await other.get('a', first.versionId))).to.equal('ome');
    archive.expire('a', first.versionId);
    await expectError(other.get('a', first.versionId), 'archive-object-missing');
  });

  it('dates locks by its own clock', async () => {
    const archive = createMemoryArchive({ now: () => Date.UTC(2026, 1, 1) });
    const body = bytes('one');
    const result = await archive.put('a', body, sha256Hex(body), { mode: 'COMPLIANCE', days: 2 });
    expect(result).to.nested.include({
      'receipt.mode': 'COMPLIANCE',
      'receipt.retainUntil': '2026-02-03T00:00:00.000Z',
    });
  });
});
