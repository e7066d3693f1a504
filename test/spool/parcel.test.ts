import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { ParseError } from '../../daemon/errors.ts';
import { holdsKind, packParcel, unpackParcel } from '../../daemon/spool/parcel.ts';
import { runFinished } from '../support/spool-scene.ts';

describe('parcel', () => {
  it('gives back what was packed, small and large', async () => {
    const attachments = [
      { kind: 'state', bytes: Buffer.from('{"serial": 1}'.repeat(50_000)) },
      { kind: 'plan', bytes: Buffer.of() },
      { kind: 'stream', bytes: Buffer.from('line\n') },
    ] as const;
    const packed = await packParcel(runFinished(1), attachments);
    const { observation, attachments: unpacked } = unpackParcel(packed);
    expect(observation).to.deep.include({ kind: 'run.finished', run: runFinished(1).run });
    expect(unpacked.map(({ kind }) => kind)).to.deep.equal(['state', 'plan', 'stream']);
    unpacked.forEach(({ bytes }, index) =>
      expect(Buffer.from(bytes).equals(attachments[index]?.bytes ?? Buffer.of(1))),
    );
    expect(packed.length).to.be.lessThan(20_000);
    expect([holdsKind(packed, 'plan'), holdsKind(await packParcel(runFinished(1), []), 'plan')]).to.deep.equal([
      true,
      false,
    ]);
    expect(holdsKind(packed.subarray(0, packed.length - 1), 'plan')).to.equal(false);
  });

  it('takes no other attachments than it may', async () => {
    const many = Array.from({ length: 17 }, () => ({ kind: 'plan', bytes: Buffer.of(1) }) as const);
    let refused = false;
    await packParcel(runFinished(1), many).catch(() => (refused = true));
    expect(refused).to.equal(true);
  });

  const row = { kind: 'state', encoding: 'plain', rawBytes: 1, storedBytes: 1 };
  for (const [what, bytes, code] of [
    ['nothing', Buffer.of(), 'parcel-malformed'],
    ['a length beyond the end', withHeader({}, Buffer.of()).subarray(0, 5), 'parcel-malformed'],
    ['a huge header', Buffer.from('ffffffff', 'hex'), 'parcel-malformed'],
    ['no JSON', Buffer.concat([Buffer.of(0, 0, 0, 1), Buffer.from('{')]), 'json-syntax'],
    ['a list', withHeader([], Buffer.of()), 'parcel-malformed'],
    ['no observation', withHeader({ attachments: [] }, Buffer.of()), 'parcel-malformed'],
    ['bytes that no row names', withTable([], Buffer.of(1)), 'parcel-malformed'],
    ['a row beyond the end', withTable([{ ...row, storedBytes: 2 }], Buffer.of(1)), 'parcel-malformed'],
    ['a negative size', withTable([{ ...row, storedBytes: -1 }], Buffer.of()), 'parcel-malformed'],
    ['an unknown kind', withTable([{ ...row, kind: '__proto__' }], Buffer.of(1)), 'parcel-malformed'],
    ['an unknown encoding', withTable([{ ...row, encoding: 'br' }], Buffer.of(1)), 'parcel-malformed'],
    ['a size that is not true', withTable([{ ...row, rawBytes: 9 }], Buffer.of(1)), 'parcel-malformed'],
    ['too much', withTable([{ ...row, rawBytes: 2 ** 40 }], Buffer.of(1)), 'parcel-too-large'],
    ['a bomb', gzipped(Buffer.alloc(8 * 1024 * 1024), 1024), 'parcel-malformed'],
    ['less than it says', gzipped(Buffer.alloc(10), 1024), 'parcel-malformed'],
    ['noise for gzip', withTable([{ ...row, encoding: 'gzip' }], Buffer.of(1)), 'parcel-malformed'],
  ] as const) {
    it(`refuses ${what}`, () => {
      let found = 'unpacked';
      try {
        unpackParcel(bytes);
      } catch (error) {
        found = error instanceof ParseError ? error.code : String(error);
      }
      expect(found).to.equal(code);
    });
  }
});

function withHeader(header: unknown, body: Buffer): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, body]);
}

function withTable(attachments: unknown, body: Buffer): Buffer {
  return withHeader({ observation: {}, attachments }, body);
}

function gzipped(raw: Buffer, saidBytes: number): Buffer {
  const stored = gzipSync(raw);
  return withTable([{ kind: 'state', encoding: 'gzip', rawBytes: saidBytes, storedBytes: stored.length }], stored);
}
