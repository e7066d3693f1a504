// What a known secret covers: whole strings, longer strings, every encoding at every alignment; and what it must not.
import { expect } from 'chai';
import fc from 'fast-check';
import { derivedForms } from '../../daemon/redaction/encodings.ts';
import { isCoverable, isPublicShape } from '../../daemon/redaction/public-words.ts';
import { TaintSet } from '../../daemon/redaction/taint.ts';
import { keys, newTaint } from './support.ts';

const secrets = fc.string({ unit: 'grapheme', minLength: 8, maxLength: 40 }).filter(isCoverable);
const PEM = `-----BEGIN RSA PRIVATE KEY-----
MIIEowIBAAKCAQEAfakefakefakefake0000111122223333444455556666777
QWxhZGRpbjpvcGVuIHNlc2FtZSBhbmQgYSBsb3QgbW9yZSBvZiBpdCB0aGFuIHRo
-----END RSA PRIVATE KEY-----
`;

describe('redaction/taint', () => {
  it('covers a secret, and text that holds it anywhere', () => {
    fc.assert(
      fc.property(
        secrets,
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: 'grapheme' }),
        (secret, before, after) => {
          const taint = newTaint(secret);
          expect(taint.covers(secret)).to.equal(true);
          expect(taint.covers(before + secret + after)).to.equal(true);
        },
      ),
    );
  });

  it('covers nothing else', () => {
    const unit = fc.constantFrom(...'abcdefgh0123');
    fc.assert(
      fc.property(
        fc.string({ unit, minLength: 8, maxLength: 12 }),
        fc.string({ unit, maxLength: 60 }),
        (secret, text) => {
          const known = [secret, ...derivedForms(secret)];
          const expected = known.some(
            (form) => form.length >= 4 && (text === form || (isCoverable(form) && text.includes(form))),
          );
          expect(newTaint(secret).covers(text)).to.equal(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('covers every encoding of a secret at all three alignments', () => {
    const bytesOf = (length: number): fc.Arbitrary<string> =>
      fc.string({ unit: 'grapheme-ascii', minLength: length, maxLength: length });
    fc.assert(
      fc.property(secrets, bytesOf(0), bytesOf(1), bytesOf(2), bytesOf(3), (secret, a, b, c, tail) => {
        fc.pre(Buffer.byteLength(secret) >= 10);
        const taint = newTaint(secret);
        for (const head of [a, b, c, b + c]) {
          const around = Buffer.from(head + secret + tail);
          for (const encoding of ['base64', 'base64url'] as const) {
            const text = around.toString(encoding);
            if (isCoverable(stable(secret, head.length % 3))) expect(taint.covers(text), text).to.equal(true);
          }
          expect(taint.covers(around.toString('hex'))).to.equal(true);
          expect(taint.covers(around.toString('hex').toUpperCase())).to.equal(true);
        }
        for (const text of [
          encodeURIComponent(secret),
          encodeURIComponent(secret).replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
          new URLSearchParams({ key: secret }).toString(),
          JSON.stringify({ key: secret }),
          JSON.stringify({ body: JSON.stringify({ key: secret }) }),
          `"\${${secret.replaceAll('${', '$${').replaceAll('%{', '%%{')}}"`,
        ]) {
          expect(taint.covers(`<${text}>`), text).to.equal(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('covers a PEM by any of its lines, joined and escaped, but never by its frame', () => {
    const taint = newTaint(PEM);
    const lines = PEM.split('\n');
    for (const text of [
      PEM,
      PEM.trim(),
      lines[1],
      `x ${lines[2] ?? ''}`,
      PEM.replaceAll('\n', '\\n'),
      JSON.stringify(PEM),
    ]) {
      expect(taint.covers(text ?? '')).to.equal(true);
    }
    expect(taint.covers((lines[1] ?? '') + (lines[2] ?? ''))).to.equal(true);
    expect(taint.covers(PEM.replaceAll('\n', '\r\n'))).to.equal(true);
    expect(taint.covers(Buffer.from(PEM).toString('base64'))).to.equal(true);
    expect(taint.covers('-----BEGIN RSA PRIVATE KEY-----')).to.equal(false);
  });

  it('covers short secrets as whole strings only, and none below four units', () => {
    const taint = newTaint('7731', 'abc', 'pa$$');
    expect(taint.covers('7731')).to.equal(true);
    expect(taint.covers('pa$$')).to.equal(true);
    expect(taint.covers('port 7731')).to.equal(false);
    expect(taint.covers('abc')).to.equal(false);
    expect(taint.covers(Buffer.from('7731').toString('base64'))).to.equal(true);
  });

  it('does not look for common or public things inside text', () => {
    const open = [
      'production',
      'prod-database-01',
      'eu-central-1',
      'aaaaaaaaaaaa',
      'aws_db_instance.main',
      '123456789012',
    ];
    open.push(
      'arn:aws:iam::123456789012:role/x',
      'vpc-0123456789abcdef0',
      'registry.terraform.io/hashicorp/aws',
      '10.0.0.0/16',
    );
    const taint = newTaint(...open);
    for (const text of open) {
      expect(isCoverable(text), text).to.equal(false);
      expect(taint.covers(text), text).to.equal(true);
      expect(taint.covers(`is ${text} here`), text).to.equal(false);
    }
    for (const text of ['hunter2hunter2', 'tok-6ead1cdf7c8bfd0f', 'correct horse', 'VAR-SENSITIVE-PW', '83719204']) {
      expect(isCoverable(text), text).to.equal(true);
      expect(isPublicShape(text), text).to.equal(false);
    }
  });

  it('keeps secrets apart that are prefixes of one another', () => {
    const [short, long] = ['Zq8-trench-44', 'Zq8-trench-44-and-more'];
    expect(newTaint(long).covers(`x${short}x`)).to.equal(false);
    expect(newTaint(short).covers(`x${long}x`)).to.equal(true);
    expect(newTaint(short, long).covers(long)).to.equal(true);
  });

  it('learns what a secret holds: JSON members, passwords of URLs and connection strings', () => {
    const document = newTaint(JSON.stringify({ username: 'admin', password: 'In-the-document-1', port: 5432 }));
    expect(document.covers('In-the-document-1')).to.equal(true);
    expect(document.covers('admin')).to.equal(false);
    const url = newTaint('postgres://app:p%40ss-in-url@db.internal:5432/app');
    expect(url.covers('p@ss-in-url')).to.equal(true);
    const connection = newTaint('Server=db;User Id=app;Password=In-connection-7;Encrypt=true');
    expect(connection.covers('In-connection-7')).to.equal(true);
  });

  it('knows after a restart what it knew before, from entries without clear text', () => {
    fc.assert(
      fc.property(fc.array(secrets, { minLength: 1, maxLength: 5 }), (learned) => {
        const taint = new TaintSet(keys.equalityKey);
        const entries = learned.flatMap((secret) => taint.learn(secret));
        expect(new Set(entries.map(({ tag }) => tag)).size)
          .to.equal(entries.length)
          .and.to.equal(taint.size);
        const stored = JSON.stringify(entries);
        for (const secret of learned) expect(stored).to.not.include(secret);
        const again = new TaintSet(keys.equalityKey, JSON.parse(stored) as typeof entries);
        expect(again.size).to.equal(taint.size);
        for (const secret of learned) {
          expect(again.covers(`<${secret}>`)).to.equal(true);
          expect(again.learn(secret)).to.deep.equal([]);
        }
      }),
    );
  });

  it('stores numbers that say nothing without the key: equal fingerprints look different', () => {
    const entries = newTaint().learn('first-secret-A').concat(newTaint().learn('first-secret-B'));
    const roots = entries.filter(({ lengthUnits }) => lengthUnits === 'first-secret-A'.length);
    expect(new Set(roots.map(({ prefix }) => Math.floor(prefix / 2 ** 18))).size).to.equal(roots.length);
    for (const { prefix } of entries)
      expect(Number.isInteger(prefix) && prefix >= 0 && prefix < 2 ** 51).to.equal(true);
  });

  it('derives the forms of a secret that was only known as a form of another', () => {
    const inner = Buffer.from('the-outer-secret-1').toString('base64');
    const taint = newTaint('the-outer-secret-1');
    expect(taint.covers(Buffer.from(inner).toString('base64'))).to.equal(false);
    taint.learn(inner);
    expect(taint.covers(Buffer.from(inner).toString('base64'))).to.equal(true);
  });

  it('counts versions by new strings only', () => {
    const taint = newTaint('some-secret-1');
    const { version } = taint;
    taint.learn('some-secret-1');
    expect(taint.version).to.equal(version);
    taint.learn('some-secret-2');
    expect(taint.version).to.be.greaterThan(version);
  });

  it('stays cheap for hostile text: thousands of near hits end as a hit', () => {
    const start = 'aB3-dE6-';
    const taint = newTaint(...Array.from({ length: 200 }, (_, index) => start + 'x'.repeat(200 + index) + index));
    const before = performance.now();
    const isCovered = taint.covers(start.repeat(20_000));
    expect(performance.now() - before).to.be.lessThan(2000);
    expect(isCovered).to.equal(true);
    expect(taint.covers('y'.repeat(2_000_000))).to.equal(true);
    expect(new TaintSet(keys.equalityKey).covers('y'.repeat(2_000_000))).to.equal(false);
  });

  it('finds its way among many entries', () => {
    const taint = newTaint(...Array.from({ length: 5000 }, (_, index) => `many-secrets-${index * 7919}-x`));
    for (let index = 0; index < 5000; index += 7) {
      expect(taint.covers(`at many-secrets-${index * 7919}-x end`)).to.equal(true);
    }
    expect(taint.covers('at many-secrets-1-x end')).to.equal(false);
    const other = Array.from({ length: 5000 }, (_, index) => `other-${index}`);
    expect(other.filter((text) => taint.covers(text))).to.deep.equal([]);
  });
});

function stable(secret: string, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]).toString('base64');
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + Buffer.byteLength(secret)) * 8) / 6));
}
