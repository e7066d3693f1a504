import { expect } from 'chai';
import { parseArguments } from '../../daemon/commands/arguments.ts';
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
