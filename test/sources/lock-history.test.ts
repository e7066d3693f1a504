import { expect } from 'chai';
import { LockHistory } from '../../daemon/sources/lock-history.ts';
import type { LockSighting } from '../../daemon/sources/source.ts';

const unread: LockSighting = { holder: 'held', info: undefined, createdMs: 1, pid: 7 };

function watched(isPresent = false): LockHistory {
  const history = new LockHistory();
  history.take(isPresent, true);
  return history;
}

function hold(history: LockHistory): void {
  history.noteRename();
  history.noteWrite();
  history.noteRename();
}

describe('sources/lock-history', () => {
  it('knows nothing before the first sighting', () => {
    expect(new LockHistory().take(false, true).holds).to.equal(-1);
  });

  it('knows from its birth on what a state went through', () => {
    const history = new LockHistory();
    history.noteBirth();
    hold(history);
    expect(history.take(false, true).holds).to.equal(1);
  });

  it('does not trust a birth beside the lock of a dead run', () => {
    const written = new LockHistory();
    written.noteBirth();
    written.noteWrite();
    written.noteRename();
    expect(written.take(false, true).holds).to.equal(-1);
    const standing = new LockHistory();
    standing.noteBirth();
    expect(standing.take(true, true).holds).to.equal(-1);
  });

  it('counts every lock made, gone or not', () => {
    const history = watched();
    for (let run = 0; run < 3; run += 1) hold(history);
    history.noteRename();
    expect(history.take(true, true).holds).to.equal(4);
    expect(history.take(true, true).holds).to.equal(0);
    history.noteRename();
    expect(history.take(false, true).holds).to.equal(0);
  });

  it('counts nothing while nobody listened', () => {
    const history = new LockHistory();
    history.take(false, false);
    hold(history);
    expect(history.take(false, true).holds).to.equal(-1);
    expect(history.take(false, true).holds).to.equal(0);
  });

  it('does not deny a run when events and file disagree', () => {
    const history = watched();
    history.noteRename();
    expect(history.agrees(false)).to.equal(false);
    expect(history.take(false, true).holds).to.equal(-1);
    hold(history);
    expect(history.take(false, true).holds).to.equal(1);
  });

  it('does not deny a run that wrote over the lock of a dead one', () => {
    const history = watched(true);
    history.noteWrite();
    history.noteRename();
    expect(history.take(false, true).holds).to.equal(-1);
  });

  it('is unsure until the next sighting after events were lost', () => {
    const history = watched();
    history.noteUncertain();
    hold(history);
    expect(history.take(false, true).holds).to.equal(-1);
    expect(history.take(false, true).holds).to.equal(0);
  });

  it('hands out the last lock that was read, once', () => {
    const history = watched();
    const info = { id: 'a', operation: '', info: '', who: '', version: '', created: '', path: '' };
    history.noteRead({ ...unread, info });
    history.noteRead(unread);
    expect(history.take(false, true).last?.info).to.equal(info);
    expect(history.take(false, true).last).to.equal(undefined);
  });
});
