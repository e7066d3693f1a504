// Times as people and programs ask for them.
import { expect } from 'chai';
import { readTime } from '../../daemon/answers/time-filter.ts';
import { refuseFlag } from '../../daemon/commands/arguments.ts';
import { ConfigError } from '../../daemon/errors.ts';

describe('times of filters', () => {
  const now = Date.parse('2026-06-23T15:30:00Z');
  const time = (text: string): string => {
    const asked = { text: () => text, list: () => [text], has: () => true };
    return new Date(readTime(asked, refuseFlag('log'), 'since', now) ?? Number.NaN).toISOString();
  };

  it('reads times as people type them, in UTC', () => {
    expect(time('24h')).to.equal('2026-06-22T15:30:00.000Z');
    expect(time('2w')).to.equal('2026-06-09T15:30:00.000Z');
    expect(time('90m')).to.equal('2026-06-23T14:00:00.000Z');
    expect(time('2026-05-01')).to.equal('2026-05-01T00:00:00.000Z');
    expect(time('2026-05-01T14:00')).to.equal('2026-05-01T14:00:00.000Z');
    expect(time('2026-05-01T14:00:01.5+02:00')).to.equal('2026-05-01T12:00:01.500Z');
    expect(time('yesterday')).to.equal('2026-06-22T00:00:00.000Z');
    expect(time('PT2H')).to.equal('2026-06-23T13:30:00.000Z');
    expect(time('P1DT30M')).to.equal('2026-06-22T15:00:00.000Z');
    expect(time('P2W')).to.equal('2026-06-09T15:30:00.000Z');
    expect(time('today')).to.equal('2026-06-23T00:00:00.000Z');
  });

  it('refuses what is no time, without repeating it', () => {
    for (const text of [
      '',
      '24',
      'h',
      '2026-02-30',
      '2026-13-01',
      '2026-05-01T25:00',
      'last week',
      '-3h',
      '1e3d',
      'P',
      'PT',
      'P1DT',
      'P1M',
      'P1Y',
    ]) {
      expect(() => time(text), text)
        .to.throw(ConfigError)
        .with.property('code', 'usage');
    }
    expect(() => time('hunter2'))
      .to.throw()
      .with.property('message')
      .that.does.not.contain('hunter2');
  });
});
