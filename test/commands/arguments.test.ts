import { expect } from 'chai';
import { parseArguments } from '../../daemon/commands/arguments.ts';
import { parseTime } from '../../daemon/commands/time-filter.ts';
import { ConfigError } from '../../daemon/errors.ts';

const OPTIONS = {
  since: { type: 'string' },
  follow: { type: 'boolean', short: 'f' },
  kind: { type: 'string', multiple: true },
} as const;

describe('parseArguments', () => {
  const failure = (...args: string[]): ConfigError => {
    try {
      parseArguments('log', args, OPTIONS, ['pr']);
    } catch (error) {
      if (error instanceof ConfigError) return error;
      throw error;
    }
    throw new Error('expected a failure, got none');
  };

  it('reads values, lists and switches', () => {
    const given = parseArguments('log', ['--kind', 'a, b', '--kind=c', '-f', 'word', '--since', '1h'], OPTIONS);
    expect(given.list('kind')).to.eql(['a', 'b', 'c']);
    expect([given.has('follow'), given.has('help'), given.text('since')]).to.eql([true, false, '1h']);
    expect(given.positionals).to.eql(['word']);
    expect(given.list('since')).to.eql(['1h']);
    expect(parseArguments('log', [], OPTIONS).list('kind')).to.equal(undefined);
  });

  it('names an unknown flag and the nearest known one', () => {
    expect(failure('--sicne', '24h')).to.include({ code: 'usage', message: 'expected a known flag, got --sicne' });
    expect(failure('--sicne', '24h').hint).to.contain('--since');
    expect(failure('--zzzzzzzzzz').hint).to.equal('see: stateseal log --help');
    expect(failure('-x').message).to.contain('-x');
  });

  it('refuses what is planned but not recorded yet, by its name', () => {
    expect(failure('--pr', 'a/b#1')).to.include({ code: 'not-recorded-yet' });
  });

  it('never repeats a value', () => {
    for (const args of [['--follow=hunter2'], ['--hunter2=hunter2 hunter2'], ['--since'], ['--since', '--hunter2 x']]) {
      const { message, hint, code } = failure(...args);
      expect(code).to.equal('usage');
      expect(message + hint).to.not.contain('hunter2 ');
      expect(message).to.not.contain('=');
    }
  });
});

describe('parseTime', () => {
  const now = Date.parse('2026-06-23T15:30:00Z');
  const time = (text: string): string => new Date(parseTime('log', '--since', text, now)).toISOString();

  it('reads times as people type them, in UTC', () => {
    expect(time('24h')).to.equal('2026-06-22T15:30:00.000Z');
    expect(time('2w')).to.equal('2026-06-09T15:30:00.000Z');
    expect(time('90m')).to.equal('2026-06-23T14:00:00.000Z');
    expect(time('2026-05-01')).to.equal('2026-05-01T00:00:00.000Z');
    expect(time('2026-05-01T14:00')).to.equal('2026-05-01T14:00:00.000Z');
    expect(time('2026-05-01T14:00:01.5+02:00')).to.equal('2026-05-01T12:00:01.500Z');
    expect(time('yesterday')).to.equal('2026-06-22T00:00:00.000Z');
    expect(time('today')).to.equal('2026-06-23T00:00:00.000Z');
  });

  it('refuses what is no time, without repeating it', () => {
    for (const text of ['', '24', 'h', '2026-02-30', '2026-13-01', '2026-05-01T25:00', 'last week', '-3h', '1e3d']) {
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
