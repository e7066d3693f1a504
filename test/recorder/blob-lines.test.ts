// Blob bodies: one gzip member of NDJSON, the same bytes however the lines were gathered.
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { compressBlob } from '../../daemon/recorder/appender.ts';
import { readBlobLines } from '../../daemon/recorder/snapshot-blob.ts';

describe('compressBlob', () => {
  const long = 'x'.repeat(300_000);
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['no line', []],
    ['one line', ['{"a":1}']],
    ['lines longer than a piece, beyond ASCII', [long, 'é𝄞'.repeat(200_000), 'z']],
    ['a line that fills a piece exactly', ['a'.repeat(256 * 1024), 'b']],
    ['many short lines', Array.from({ length: 50_000 }, (_, index) => `{"index":${index}}`)],
  ];

  for (const [name, lines] of cases) {
    it(`gives the bytes of the joined lines: ${name}`, () => {
      const body = compressBlob(lines);
      expect(body.equals(gzipSync(`${lines.join('\n')}\n`, { level: 1 }))).to.equal(true);
      expect(gunzipSync(body).at(-1)).to.equal(0x0a);
      if (lines.length > 0) expect(readBlobLines(body)).to.deep.equal(lines);
    });
  }
});
