import { formatCsvLine } from '../../daemon/answers/csv.ts';
import { expect } from 'chai';
import { formatPath, formatTransition, formatValue, valueSymbol } from '../../daemon/commands/render-value.ts';
import { formatCounts, formatTally, toSymbol } from '../../daemon/commands/symbols.ts';
import type { NetSide } from '../../daemon/store/queries-net.ts';
import { NumberText, type Json } from '../../daemon/json/value.ts';

const absent: NetSide = { is: 'absent' };
const shown = (value: Json): NetSide => ({ is: 'shown', value });
const hidden = (by: 'mark' | 'rule' | 'taint' | 'default'): NetSide => ({
  is: 'hidden',
  by,
  kid: 'e1',
  commitment: 'c',
});

describe('render-value', () => {
  it('writes paths as Terraform does', () => {
    expect(formatPath('/cidr_blocks/0')).to.equal('cidr_blocks[0]');
    expect(formatPath('/setting/0/value')).to.equal('setting[0].value');
    expect(formatPath('/tags/x.y')).to.equal('tags["x.y"]');
    expect(formatPath('/tags/a~1b~0c')).to.equal('tags["a/b~c"]');
    expect(formatPath('')).to.equal('');
    expect(formatPath('/0/a')).to.equal('[0].a');
    expect(formatPath('/a/\u001b[1m\u202e"')).to.equal('a["\\u001b[1m\\u{202e}\\""]');
    expect(formatPath('/a/~7')).to.equal('a["~7"]');
  });

  it('writes what changed, hidden values by name only', () => {
    expect(formatTransition({ before: shown('a'), after: shown('b') })).to.equal('"a" -> "b"');
    expect(formatTransition({ before: absent, after: shown(1) })).to.equal('1');
    expect(formatTransition({ before: shown([]), after: absent })).to.equal('[]');
    expect(formatTransition({ before: shown('x'), after: shown(null) })).to.equal('"x" -> null');
    expect(formatTransition({ before: hidden('mark'), after: hidden('rule') })).to.equal('(sensitive value, changed)');
    expect(formatTransition({ before: hidden('default'), after: hidden('default') })).to.equal(
      '(hidden by policy, changed)',
    );
    expect(formatTransition({ before: absent, after: hidden('taint') })).to.equal('(sensitive value)');
    expect(formatTransition({ before: hidden('default'), after: absent })).to.equal('(hidden by policy)');
    expect(formatTransition({ before: shown(null), after: hidden('mark') })).to.equal('null -> (sensitive value)');
    expect([valueSymbol({ before: absent, after: absent }), valueSymbol({ before: shown(1), after: absent })]).to.eql([
      '+',
      '-',
    ]);
  });

  it('keeps every digit and no control character', () => {
    expect(formatValue(new NumberText('12345678901234567890.25'))).to.equal('12345678901234567890.25');
    expect(formatValue('\u001b]0;x\u0007\u202e')).to.equal('"\\u001b]0;x\\u0007\\u{202e}"');
  });

  it('shortens long values around what differs', () => {
    expect(formatValue('x'.repeat(500))).to.match(/^"x{71}… \(502 characters\)$/);
    const text = formatTransition({ before: shown(`${'x'.repeat(300)}A`), after: shown(`${'x'.repeat(300)}B`) });
    expect(text).to.equal(`…${'x'.repeat(12)}A" -> …${'x'.repeat(12)}B"`);
  });
});

describe('symbols', () => {
  it('are those of Terraform', () => {
    const symbols = [
      ['create'],
      ['update'],
      ['delete'],
      ['delete', 'create'],
      ['create', 'delete'],
      ['forget'],
      ['read'],
      ['move'],
      ['move', 'update'],
      ['import'],
      ['taint'],
    ];
    expect(symbols.map(toSymbol)).to.eql(['+', '~', '-', '-/+', '+/-', '.', '<=', ' ', '~', '+', '~']);
  });

  it('tally as Terraform does: a replacement is added and destroyed', () => {
    const counts = { create: 1, update: 2, delete: 0, replace: 3, forget: 0, move: 1, import: 0, taint: 0, output: 1 };
    expect(formatTally(counts)).to.equal('4 added, 2 changed, 3 destroyed, 1 moved, 1 output changed');
    expect(formatCounts(counts)).to.equal('+1 ~2 -/+3 moved 1 outputs 1');
  });
});

describe('formatCsvLine', () => {
  it('quotes, and disarms formulas', () => {
    expect(formatCsvLine(['a"b', 'c,d', '=cmd()', '@x', '-1', 5, 'a\nb'])).to.equal(
      '"a""b","c,d",\'=cmd(),\'@x,\'-1,5,"a\nb"\r\n',
    );
  });
});
