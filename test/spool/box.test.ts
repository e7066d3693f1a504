import { expect } from 'chai';
import fc from 'fast-check';
import { ParseError } from '../../daemon/errors.ts';
import { BOX_OVERHEAD_BYTES, openBox, sealBox } from '../../daemon/spool/box.ts';
import { createIngestKey, formatIngestPub, parseIngestPub } from '../../daemon/spool/ingest-key.ts';
import { testId, testIngestKey } from '../support/spool-scene.ts';

/** ikmR and pkRm of RFC 9180 A.1.1: DHKEM(X25519, HKDF-SHA256), whatever the AEAD. */
const RFC_SEED = '6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037';
const RFC_PUBLIC_KEY = '3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d';
/** Sealed to that key by another implementation of RFC 9180 (Go's crypto/hpke), for this suite, info and data. */
const FOREIGN_BOX =
  '73747365616c627801e8828ec5283e5a0f7a1506fbcbc4d069bcb4da45be44402b6ce199aa178fba70a7b32f549fb90656adf58bb043adea0c382fb8341369fc0b736189d0ba4267616bf6d516e222b46f4e74792d350f2405e19211acff8aad5a5a37830ed66f69fb';
const FOREIGN_NAME = '0197c000-0000-7000-8000-000000000001';

const NAME = testId(1);

describe('box', () => {
  it('derives the key pair of RFC 9180 A.1.1', async () => {
    const key = await createIngestKey(Buffer.from(RFC_SEED, 'hex'));
    expect(Buffer.from(key.public.bytes).toString('hex')).to.equal(RFC_PUBLIC_KEY);
  });

  it('opens what another implementation of the suite has sealed', async () => {
    const key = await createIngestKey(Buffer.from(RFC_SEED, 'hex'));
    const text = Buffer.from(await openBox(key, FOREIGN_NAME, Buffer.from(FOREIGN_BOX, 'hex'))).toString();
    expect(text).to.equal('a box that another implementation sealed');
  });

  it('opens what it sealed, at any length, with a fresh key each time', async () => {
    const key = await testIngestKey();
    for (const length of [0, 1, 15, 16, 17, 65_537, 3 * 1024 * 1024]) {
      const plaintext = Buffer.alloc(length, length % 251);
      const box = await sealBox(key.public, NAME, plaintext);
      expect(box.length).to.equal(length + BOX_OVERHEAD_BYTES);
      expect(Buffer.from(await openBox(key, NAME, box)).equals(plaintext)).to.equal(true);
      expect(Buffer.from(await sealBox(key.public, NAME, plaintext)).equals(Buffer.from(box))).to.equal(false);
    }
  });

  it('opens under no other name and with no other key', async () => {
    const key = await testIngestKey();
    const other = await createIngestKey(Buffer.alloc(32, 8));
    const box = await sealBox(key.public, NAME, Buffer.from('x'));
    expect(await codeOf(openBox(key, testId(2), box))).to.equal('box-sealed');
    expect(await codeOf(openBox(other, NAME, box))).to.equal('box-other-key');
    // Another key that claims the same kid: the box knows better.
    expect(await codeOf(openBox({ ...other, public: key.public }, NAME, box))).to.equal('box-sealed');
  });

  it('opens with no flipped bit, in any of its bytes', async () => {
    const key = await testIngestKey();
    const box = await sealBox(key.public, NAME, Buffer.from('plain'));
    for (let bit = 0; bit < box.length * 8; bit += 5) {
      const flipped = Uint8Array.from(box);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await codeOf(openBox(key, NAME, flipped)), `bit ${bit}`).to.match(/^box-/u);
    }
  });

  it('opens at no shorter or longer length', async () => {
    const key = await testIngestKey();
    const box = await sealBox(key.public, NAME, Buffer.from('plain'));
    for (let length = 0; length < box.length; length += 1) {
      expect(await codeOf(openBox(key, NAME, box.subarray(0, length))), String(length)).to.match(/^box-/u);
    }
    expect(await codeOf(openBox(key, NAME, Buffer.concat([box, Buffer.of(0)])))).to.equal('box-sealed');
  });

  it('never takes noise', () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const key = await testIngestKey();
        expect(await codeOf(openBox(key, NAME, bytes))).to.equal('box-malformed');
      }),
      { numRuns: 50 },
    ));
});

describe('ingest.pub', () => {
  it('says the key in one line that is read back', async () => {
    const { public: key } = await testIngestKey();
    const line = formatIngestPub(key);
    expect(line).to.match(/^stateseal-ingest-v1 [0-9a-f]{16} [A-Za-z0-9+/]{43}=\n$/u);
    expect(parseIngestPub(line)).to.deep.equal(key);
  });

  it('is taken in no other spelling', async () => {
    const { public: key } = await testIngestKey();
    const line = formatIngestPub(key);
    const wrongKid = line.replace(/ [0-9a-f]{16} /u, ' 0123456789abcdef ');
    const looseBits = line.replace(/.=\n$/u, '9=\n');
    for (const text of ['', line.slice(1), line.toUpperCase(), line + line, wrongKid, looseBits, ` ${line}`]) {
      expect(parseIngestPub(text), JSON.stringify(text)).to.equal(undefined);
    }
  });
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'opened';
  } catch (error) {
    return error instanceof ParseError ? error.code : 'another error';
  }
}
