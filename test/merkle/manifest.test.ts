// Manifests: one text per manifest, bound to its tree, refused when malformed, contradictory or changed.
import { expect } from 'chai';
import fc from 'fast-check';
import { leafHash } from '../../daemon/merkle/hash.ts';
import {
  formatManifest,
  maxManifestBytes,
  openManifest,
  parseManifest,
  type Manifest,
} from '../../daemon/merkle/manifest.ts';
import { createVerifier, signNote } from '../../daemon/merkle/note.ts';
import { appendLeaves, EMPTY_EDGE, rootOfEdge } from '../../daemon/merkle/tree.ts';
import { at } from './sparse-tree.ts';
import { checkpointVectors as known, codeOf, flippedBits, hex, vectorSigner } from './vectors.ts';

const digestA = 'a'.repeat(64);
const digestB = 'b'.repeat(64);
const lineOf = (index: number): string => `{"data":{"n":${index}},"type":"é\u2028"}`;

function createManifest(
  prev: number,
  size: number,
  kept: readonly number[] = [],
  change: Partial<Manifest> = {},
): Manifest {
  const hashes = Array.from({ length: size }, (_, index) => leafHash(Buffer.from(lineOf(index))));
  const edge = appendLeaves(EMPTY_EDGE, hashes.slice(0, prev));
  return {
    origin: known.origin,
    prev,
    size,
    root: rootOfEdge(appendLeaves(edge, hashes.slice(prev))),
    batch: { sha256: digestA, storedBytes: 1234, lineBytes: 5678 },
    contentDays: 400,
    edge: edge.hashes,
    blobs: [
      { sha256: digestA, storedBytes: 10 },
      { sha256: digestB, storedBytes: 0 },
    ],
    kept: kept.map((leafIndex) => ({ leafIndex, line: lineOf(leafIndex) })),
    leaves: hashes.slice(prev),
    ...change,
  };
}

const plain = (manifest: Manifest): unknown =>
  JSON.parse(
    JSON.stringify(manifest, (_, value: unknown) => value),
    (_, value: unknown) =>
      typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value
        ? hex(Uint8Array.from(value.data as number[]))
        : value,
  );

describe('merkle/manifest', () => {
  it('writes its lines in order', () => {
    const manifest = createManifest(5, 7, [5]);
    const base64 = (hash: Uint8Array | undefined): string => Buffer.from(hash ?? []).toString('base64');
    expect(formatManifest(manifest)).to.equal(
      [
        `${known.origin}/seal`,
        'prev 5',
        'size 7',
        `root ${base64(manifest.root)}`,
        `batch ${digestA} 1234 5678`,
        'content-days 400',
        `edge ${base64(manifest.edge[0])}`,
        `edge ${base64(manifest.edge[1])}`,
        `blob ${digestA} 10`,
        `blob ${digestB} 0`,
        `keep 5 ${lineOf(5)}`,
        `leaf ${base64(manifest.leaves[0])}`,
        `leaf ${base64(manifest.leaves[1])}`,
        '',
      ].join('\n'),
    );
  });

  it('gives every manifest back', () => {
    fc.assert(
      fc.property(fc.nat({ max: 70 }), fc.integer({ min: 1, max: 40 }), fc.array(fc.nat()), (prev, count, picks) => {
        const kept = [...new Set(picks.map((pick) => prev + (pick % count)))].sort((a, b) => a - b);
        const manifest = createManifest(prev, prev + count, kept);
        const text = formatManifest(manifest);
        expect(plain(parseManifest(text))).to.deep.equal(plain(manifest));
        expect(formatManifest(parseManifest(text))).to.equal(text);
      }),
      { numRuns: 60 },
    );
  });

  it('opens a signed manifest of its own log only', () => {
    const verifiers = [createVerifier(known.vkey)];
    const note = Buffer.from(signNote(formatManifest(createManifest(3, 9)), [vectorSigner()]));
    expect(openManifest(note, verifiers, known.origin).manifest.size).to.equal(9);
    expect(codeOf(() => openManifest(note, verifiers, 'other'))).to.equal('manifest-origin-mismatch');
    expect(codeOf(() => openManifest(note, [], known.origin))).to.equal('note-key-unknown');
    expect(codeOf(() => openManifest(Buffer.from(known.checkpoint), verifiers, known.origin))).to.equal(
      'manifest-malformed',
    );
  });

  it('rejects every flipped bit of a signed manifest', () => {
    const verifiers = [createVerifier(known.vkey)];
    const note = signNote(formatManifest(createManifest(1, 2, [1], { blobs: [] })), [vectorSigner()]);
    for (const bad of flippedBits(Buffer.from(note))) {
      expect(codeOf(() => openManifest(bad, verifiers, known.origin))).not.to.equal('none');
    }
  });

  it('has one text per manifest: a flipped bit never parses to the same', () => {
    const text = formatManifest(createManifest(3, 5, [4]));
    let parsed = 0;
    for (const bad of flippedBits(Buffer.from(text))) {
      const flipped = bad.toString('utf8');
      if (codeOf(() => parseManifest(flipped)) !== 'none') continue;
      expect(formatManifest(parseManifest(flipped))).to.equal(flipped);
      parsed += 1;
    }
    // Only what the tree does not bind can change unnoticed without a signature: names, digests, byte counts, days.
    expect(parsed).to.be.lessThan(1200);
  });

  it('rejects every flipped bit in root, edge, kept lines and leaves, unsigned', () => {
    const lines = formatManifest(createManifest(3, 5, [4])).split('\n');
    let seen = 0;
    lines.forEach((line, position) => {
      if (!/^(root|edge|keep|leaf) /.test(line)) return;
      for (const bad of flippedBits(Buffer.from(line))) {
        expect(codeOf(() => parseManifest(lines.with(position, bad.toString('utf8')).join('\n')))).not.to.equal('none');
        seen += 1;
      }
    });
    expect(seen).to.be.greaterThan(2000);
  });

  it('rejects any line missing, doubled, or swapped with the next', () => {
    const lines = formatManifest(createManifest(5, 8, [5, 6]))
      .trimEnd()
      .split('\n');
    lines.forEach((line, position) => {
      const next = lines[position + 1];
      const variants = [lines.toSpliced(position, 0, line)];
      // A blob or kept line may be left out or not: only the signature says which.
      if (!/^(blob|keep)/.test(line)) variants.push(lines.toSpliced(position, 1));
      if (next !== undefined) variants.push(lines.with(position, next).with(position + 1, line));
      for (const variant of variants) {
        const code = codeOf(() => parseManifest(`${variant.join('\n')}\n`));
        expect(code, `${position} ${line.slice(0, 20)}`).to.be.oneOf(['manifest-malformed', 'manifest-contradiction']);
      }
    });
  });

  it('rejects malformed lines', () => {
    const lines = formatManifest(createManifest(5, 7, [5]))
      .trimEnd()
      .split('\n');
    const spoiled = (from: string | RegExp, to: string): string => {
      const text = `${lines.join('\n')}\n`;
      const bad = text.replace(from, to);
      expect(bad, String(from)).not.to.equal(text);
      return bad;
    };
    // prettier-ignore
    const corpus = [
      '', '\n', 'seal\n', '/seal\n',
      spoiled('/seal\n', '\n'), spoiled('/seal\n', '/seal \n'), spoiled('/seal\n', '+/seal\n'), spoiled(known.origin, ''),
      spoiled('prev 5', 'prev 05'), spoiled('prev 5', 'prev  5'), spoiled('prev 5', 'prev 5 '), spoiled('prev 5', 'prev'),
      spoiled('prev 5', 'prev -5'), spoiled('prev 5', 'prev 7'), spoiled('prev 5', 'prev 8'), spoiled('prev 5', 'prev 3'),
      spoiled('size 7', 'size 8'), spoiled('size 7', 'size 6'), spoiled('size 7', 'size 9007199254740991'),
      spoiled('size 7', 'size 9007199254740992'), spoiled('content-days 400', 'content-days 0400'),
      spoiled('content-days 400', 'content-days -1'), spoiled('content-days 400', 'content-days 1.5'),
      spoiled('1234 5678', '1234'), spoiled('1234 5678', '1234 5678 9'), spoiled('1234 5678', '01234 5678'),
      spoiled(`batch ${digestA}`, `batch ${digestA.toUpperCase()}`), spoiled(`batch ${digestA}`, `batch ${digestA}0`),
      spoiled(`blob ${digestB}`, `blob ${digestA}`), spoiled(`blob ${digestA} 10`, `blob ${digestA} 10 1`),
      spoiled(`blob ${digestA} 10`, `blob ${digestA}`), spoiled(`blob ${digestA} 10`, `blob x${digestA.slice(1)} 10`),
      spoiled('keep 5 ', 'keep 05 '), spoiled('keep 5 ', 'keep '), spoiled('keep 5 ', 'keep 4 '), spoiled('keep 5 ', 'keep 7 '),
      spoiled(/keep 5 [^\n]*/, 'keep 5'), spoiled(/keep 5 [^\n]*/, 'keep 5 '), spoiled(/keep 5 [^\n]*/, `keep 5 ${'x'.repeat(65_536)}`),
      spoiled(/leaf .*\n$/, ''), spoiled(/=\n$/, '=\nleaf x\n'), spoiled(/=\n$/, '=\n\n'), spoiled(/=\n$/, '='),
      spoiled(/=\n$/, '\n'), spoiled('root ', 'root  '), spoiled(/root .*/, 'root AAAA'), spoiled(/\n/g, '\r\n'),
      spoiled('content-days 400\n', 'content-days 400\nextra 1\n'), spoiled('é', '\ud800'), spoiled('é', '\0'),
    ];
    for (const text of corpus) {
      expect(
        codeOf(() => parseManifest(text)),
        text.slice(0, 400),
      ).to.equal('manifest-malformed');
    }
  });

  it('rejects a manifest that contradicts itself', () => {
    const manifest = createManifest(5, 8, [6]);
    const [first, second, third] = [at(manifest.leaves, 0), at(manifest.leaves, 1), at(manifest.leaves, 2)];
    const line = lineOf(6);
    for (const change of [
      { root: first },
      { leaves: [second, first, third] },
      { leaves: [first, second, first] },
      { edge: manifest.edge.toReversed() },
      { kept: [{ leafIndex: 5, line }] },
      { kept: [{ leafIndex: 6, line: `${line} ` }] },
      { kept: [{ leafIndex: 6, line: line.replace('é', 'e\u0301') }] },
    ]) {
      expect(codeOf(() => formatManifest({ ...manifest, ...change }))).to.equal('manifest-contradiction');
    }
  });

  it('refuses to format what it could not parse', () => {
    const manifest = createManifest(5, 8, [6]);
    const [leaf] = manifest.leaves;
    for (const change of [
      { origin: 'a b' },
      { contentDays: -1 },
      { size: 9 },
      { prev: 8 },
      { edge: [] },
      { root: manifest.root.subarray(1) },
      { blobs: manifest.blobs.toReversed() },
      { kept: [{ leafIndex: 6, line: 'a\nb' }] },
      { leaves: leaf ? [leaf] : [] },
    ]) {
      expect(codeOf(() => formatManifest({ ...manifest, ...change }))).to.equal('manifest-malformed');
    }
  });

  it('bounds what it reads', () => {
    expect(codeOf(() => parseManifest('\n'.repeat(maxManifestBytes + 1)))).to.equal('manifest-malformed');
    expect(codeOf(() => parseManifest('\n'.repeat(maxManifestBytes)))).to.equal('manifest-malformed');
  });

  it('reads a full batch of 4,096 leaves', () => {
    const text = formatManifest(createManifest(4095, 8191, [4096, 8190]));
    expect(parseManifest(text).leaves).to.have.length(4096);
  });
});
