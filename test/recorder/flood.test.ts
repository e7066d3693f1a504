import { expect } from 'chai';
import { Flood, FLOOD_PAUSE_MS } from '../../daemon/recorder/flood.ts';

/** Versions every `everyMs` for `forMs`, looked at as soon as a pause allows; what the flood said, and when it ended. */
function rewrite(flood: Flood, fromMs: number, forMs: number, everyMs: number): string[] {
  const said: string[] = [];
  for (let now = fromMs; now < fromMs + forMs; now += everyMs) {
    if (!flood.isPausing(now)) said.push(flood.note(true, now));
  }
  return said;
}

function count(said: readonly string[], word: string): number {
  return said.filter((verdict) => verdict === word).length;
}

describe('recorder/flood', () => {
  it('lets through what stays within the budget', () => {
    expect(count(rewrite(new Flood(), 0, 600_000, 260), 'calm')).to.equal(Math.ceil(600_000 / 260));
  });

  it('begins once, however long it lasts, and lets one version through each pause', () => {
    const said = rewrite(new Flood(), 0, 600_000, 50);
    expect(count(said, 'calm')).to.equal(239);
    expect(count(said, 'begins')).to.equal(1);
    expect(count(said, 'lasts')).to.be.within(57, 60);
  });

  it('ends with a look that finds nothing new, and may begin again', () => {
    const flood = new Flood();
    rewrite(flood, 0, 30_000, 50);
    const calmMs = 30_000 + FLOOD_PAUSE_MS;
    expect(flood.isPausing(calmMs)).to.equal(false);
    expect(flood.note(false, calmMs)).to.equal('calm');
    expect(flood.versions).to.equal(0);
    const again = rewrite(flood, calmMs, 120_000, 50);
    expect(count(again, 'begins')).to.equal(1);
    expect(count(again, 'calm')).to.equal(239);
  });
});
