// The parser against the engine's own, and against bytes that mean harm.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { ParseError } from '../../daemon/errors.ts';
import { parseExact } from '../../daemon/json/exact-parse.ts';
import { parseJson, type JsonLimits } from '../../daemon/json/parse.ts';
import { NumberText, type Json } from '../../daemon/json/value.ts';
import { anyJson, anyNumberToken } from './json-values.ts';

const encode = (text: string): Uint8Array => Buffer.from(text);

function failure(bytes: Uint8Array, limits?: JsonLimits): ParseError {
  try {
    parseJson(bytes, limits);
  } catch (error) {
    if (error instanceof ParseError) return error;
    throw error;
  }
  throw new Error('expected a ParseError, got a value');
}

/** What a reviver would make of a text: slow, and obviously right. */
function reference(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    return typeof value === 'number' && source !== undefined && String(value) !== source
      ? new NumberText(source)
      : value;
  });
}

describe('parseJson', () => {
  it('gives back every plain value, in any layout', () => {
    fc.assert(
      fc.property(anyJson, fc.constantFrom(0, 2, '\t', '\r\n'), (value, indent) => {
        // A line break as indentation gives CRLF files.
        const text = JSON.stringify(value, null, typeof indent === 'string' ? ' ' : indent);
        const layout = indent === '\r\n' ? text.replaceAll('\n', '\r\n') : text;
        expect(parseJson(encode(layout))).to.deep.equal(value);
      }),
      { numRuns: 500 },
    );
  });

  it('equals JSON.parse for sample states, but for their long numbers', () => {
    for (const name of ['aws-like-10', 'create-after', 'rich-1']) {
      const bytes = readFileSync(new URL(`../fixtures/terraform/states/${name}.tfstate`, import.meta.url));
      expect(parseJson(bytes), name).to.deep.equal(reference(bytes.toString()));
    }
  });

  it('keeps the text of exactly those numbers a double would change', () => {
    const token = fc.array(anyNumberToken, { maxLength: 12 });
    fc.assert(
      fc.property(token, fc.boolean(), (tokens, asMembers) => {
        const members = tokens.map((number, index) => `"${10 - index}":[${number}]`).join();
        const text = asMembers ? `{${members}}` : `[${tokens.join()}]`;
        expect(parseJson(encode(text))).to.deep.equal(reference(text));
      }),
      { numRuns: 1000 },
    );
  });

  const KEPT = [
    '12345678901234567890.25',
    '1.0',
    '-0',
    '1e400',
    '-1e400',
    '1E5',
    '1e21',
    '0.0',
    '5e-325',
    '2.50',
    '9007199254740993',
  ];
  for (const text of KEPT) {
    it(`keeps ${text} as text`, () => {
      expect(parseJson(encode(`{"a":${text}}`))).to.deep.equal({ a: new NumberText(text) });
    });
  }

  for (const text of [
    '0',
    '-1',
    '0.5',
    '-0.001',
    '1e+21',
    '5e-324',
    '-5e-324',
    '2.2250738585072014e-308',
    '1.5',
    '123456789012345',
  ]) {
    it(`reads ${text} as a plain number`, () => {
      expect(parseJson(encode(`[${text}, 1.0]`))).to.deep.equal([Number(text), new NumberText('1.0')]);
    });
  }

  it('never confuses a tiny number of the input with a kept one', () => {
    expect(parseJson(encode('[5e-324, 1.0, 1e-323, 2.0]'))).to.deep.equal([
      5e-324,
      new NumberText('1.0'),
      1e-323,
      new NumberText('2.0'),
    ]);
  });

  it('keeps a number of a million digits, and an exponent of as many', () => {
    const text = '9'.repeat(1e6);
    expect((parseJson(encode(text)) as NumberText).text).to.equal(text);
    expect((parseJson(encode(`1e${text}`)) as NumberText).text).to.equal(`1e${text}`);
  });

  const BAD_NUMBERS = [
    '01',
    '-',
    '--1',
    '1.',
    '.5',
    '1.2.3',
    '1e',
    '1e+',
    '+1',
    '00.5',
    '-.5',
    '1-2',
    '0x10',
    '1.0e',
    'true1.0',
    '1.0true',
    'NaN',
    '1.0 1.0',
  ];
  for (const text of BAD_NUMBERS) {
    it(`refuses ${text} as a number`, () => {
      expect(failure(encode(`[${text}]`)).code).to.equal('json-syntax');
      expect(failure(encode(`[1.0,${text}]`)).code).to.equal('json-syntax');
    });
  }

  it('makes __proto__ an own member and nothing else', () => {
    for (const number of ['1', '1.0']) {
      const value = parseJson(encode(`{"__proto__":{"polluted":${number}},"constructor":2}`)) as Record<string, Json>;
      expect(Object.keys(value)).to.deep.equal(['__proto__', 'constructor']);
      expect(Object.getPrototypeOf(value)).to.equal(Object.prototype);
      expect('polluted' in value).to.equal(false);
    }
  });

  it('refuses repeated keys at any depth, also when spelled with escapes', () => {
    const REPEATED = [
      '{"a":1,"a":1}',
      '[{"b":{"a":1,"c":1.0,"\\u0061":2}}]',
      '{"__proto__":1,"__proto__":2}',
      '{"":1,"":1}',
    ];
    for (const text of REPEATED) expect(failure(encode(text)).code, text).to.equal('json-duplicate-key');
    expect(parseJson(encode('{"a":{"a":"{\\"a\\":1,\\"a\\":2}"}}'))).to.be.an('object');
  });

  it('never takes an escaped key for an earlier one, as the engine alone may do', () => {
    const PAIRS: readonly (readonly [string, string])[] = [
      ['\\', '"'],
      ['\\', '\n'],
      ['a\\', 'a\n'],
      ['DOM\\nic', 'DOM\nick'],
      ['a\\"', 'a"b'],
      ['\\u00', 'é\u0001bc'],
    ];
    for (const [earlier, key] of PAIRS) {
      for (const number of ['1', '1.50']) {
        parseJson(encode(`{"z":0,${JSON.stringify(earlier)}:1}`));
        const value = parseJson(encode(`[{"z" : 0,${JSON.stringify(key)} \n:${number}}]`)) as readonly object[];
        expect(Object.keys(value[0] ?? {}), key).to.deep.equal(['z', key]);
        expect(failure(encode(`{"z":0,${JSON.stringify(key)}:1,${JSON.stringify(key)}:2}`)).code).to.equal(
          'json-duplicate-key',
        );
        const both = parseJson(encode(`{"z":0,${JSON.stringify(key)}:1,${JSON.stringify(earlier)}:2}`)) as object;
        expect(Object.keys(both)).to.deep.equal(['z', key, earlier]);
      }
    }
  });

  it('reads alike by both of its ways', () => {
    fc.assert(
      fc.property(
        anyJson,
        fc.array(anyNumberToken, { maxLength: 3 }),
        fc.constantFrom(0, 1),
        (value, tokens, indent) => {
          const text = `[${tokens.join(' ,')}${tokens.length > 0 ? ',' : ''}${JSON.stringify(value, null, indent)}]`;
          expect(parseExact(text)).to.deep.equal(parseJson(encode(text)));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('accepts lone surrogates written as escapes', () => {
    expect(parseJson(encode('["\\ud800","\\udc00\\ud800"]'))).to.deep.equal(['\ud800', '\udc00\ud800']);
  });

  it('finds the end of long strings, escaped quotes and backslash runs', () => {
    for (const length of [0, 1, 46, 47, 48, 49, 50, 51, 200]) {
      for (const tail of ['', '\\', '\\\\', '"', '\\"', '"\\', '"{[:1.0', '\\\\"\\']) {
        const value = { [`k${tail}`]: 'x'.repeat(length) + tail, b: [`${'"'.repeat(length)}${tail}`, ':'] };
        expect(parseJson(encode(JSON.stringify(value)))).to.deep.equal(value);
      }
    }
  });

  it('refuses a byte order mark and every kind of invalid utf-8', () => {
    expect(failure(encode('\ufeff{}')).code).to.equal('json-bom');
    const INVALID = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf5, 0x80, 0x80, 0x80], [0x80]];
    for (const bytes of INVALID) {
      expect(failure(Buffer.from([0x22, ...bytes, 0x22])).code).to.equal('json-utf8');
    }
    expect(failure(Buffer.from('{"a":1}', 'utf16le')).code).to.equal('json-syntax');
  });

  it('refuses depth 100,000 quickly and without a stack overflow', () => {
    const open = failure(encode('['.repeat(100_000)));
    const whole = failure(encode('{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)));
    expect([open.code, whole.code]).to.deep.equal(['json-depth', 'json-depth']);
  });

  it('takes exactly the depth it is given', () => {
    const nested = (depth: number): Uint8Array => encode('['.repeat(depth) + ']'.repeat(depth));
    expect(parseJson(nested(512))).to.be.an('array');
    expect(failure(nested(513)).code).to.equal('json-depth');
    expect(parseJson(nested(3), { maxDepth: 3 })).to.deep.equal([[[]]]);
    expect(failure(nested(4), { maxDepth: 3 }).code).to.equal('json-depth');
  });

  it('refuses every truncation of an object', () => {
    const text = '{"a":[1,2.50,{"b":"c\\"\\\\"}],"d":null,"e":"é"}';
    const bytes = encode(text);
    for (let end = 0; end < bytes.length; end += 1) {
      expect(failure(bytes.subarray(0, end)).code).to.be.oneOf(['json-syntax', 'json-utf8']);
    }
  });

  it('reads a view into a larger buffer', () => {
    const whole = encode('xx{"a":1.0,"b":"ü"}yy');
    const view = new Uint8Array(whole.buffer, whole.byteOffset + 2, whole.length - 4);
    expect(parseJson(view)).to.deep.equal({ a: new NumberText('1.0'), b: 'ü' });
  });

  it('names the line and never a piece of the input', () => {
    const secret = 'SENSITIVE-at position 99 (line 77 column 66)';
    const open = failure(encode(`{\n"password": "${secret}",`));
    expect(open.message).to.equal('expected json, got its end too early, after 61 bytes');
    const closed = failure(encode(`{\n"password": "${secret}",\n${secret}}`));
    expect(closed.code).to.equal('json-syntax');
    expect(closed.message).to.not.include('SENSITIVE').and.not.include('77').and.not.include('99');
    expect(failure(encode('{\n"a":1\n"b":2}')).message).to.equal('expected json, got something else at line 3');
    fc.assert(
      fc.property(
        fc.constantFrom('', '{"a":', '[1,', '"a"'),
        fc.constantFrom('', '}', ']', ',', '1'),
        (before, after) => {
          const { message, hint, stack, cause } = failure(encode(`${before} SECRET4242 ${after}`));
          expect(`${message}${hint}${stack ?? ''}${String(cause)}`)
            .to.not.include('SECRET')
            .and.not.include('4242');
        },
      ),
    );
  });

  it('never throws anything but ParseError, whatever the bytes', () => {
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.string({ unit: fc.constantFrom(...'{}[]:,"\\-+.eE01 tn\n') }).map(encode),
    );
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        let native: unknown;
        try {
          native = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
        } catch {
          failure(bytes);
          return;
        }
        expect(JSON.stringify(native)).to.be.a('string');
        try {
          parseJson(bytes);
        } catch (error) {
          expect((error as ParseError).code).to.equal('json-duplicate-key');
        }
      }),
      { numRuns: 2000 },
    );
  });
});
