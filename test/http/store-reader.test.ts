// The reader over a real database, while another connection writes to it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { StoreError } from '../../daemon/errors.ts';
import { openStoreReader, type StoreReader } from '../../daemon/http/store-reader.ts';
import { createBatches } from '../../daemon/store/batches.ts';
import { openDatabase, type Sqlite } from '../../daemon/store/database.ts';
import { createEntries } from '../../daemon/store/entries.ts';
import { rootOfProof, sampleId, sampleLine, treeRoot } from './memory-log.ts';
import { startServer } from './server.ts';

const COUNT = 300;

describe('http store reader', () => {
  let folder: string;
  let writer: Sqlite;
  let reader: StoreReader;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-http-'));
    writer = openDatabase(join(folder, 'log.sqlite'));
    insertState(writer, 'id-network', 'network');
    append(writer, 0, COUNT);
    reader = openStoreReader(join(folder, 'log.sqlite'));
  });
  afterEach(() => {
    reader.close();
    writer.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const listed = (filter: { from?: number; to?: number; type?: string; state?: string }): number[] =>
    [...reader.entries({ from: 0, to: COUNT, type: undefined, state: undefined, ...filter })].map(({ index }) => index);

  it('lists by range, type, state name and state id', () => {
    const all = [...Array(COUNT).keys()];
    expect(listed({ from: 10, to: 13 })).to.deep.equal([10, 11, 12]);
    expect(listed({ type: 'log.heartbeat' })).to.deep.equal(all.filter((index) => index % 3 === 0));
    expect(listed({ state: 'network' })).to.deep.equal(all.filter((index) => index % 2 === 0));
    expect(listed({ state: 'id-network', from: 7, to: 11 })).to.deep.equal([8, 10]);
    expect(listed({ state: 'network', type: 'log.heartbeat', to: 13 })).to.deep.equal([0, 6, 12]);
    expect(listed({ state: 'nobody' })).to.deep.equal([]);
  });

  it('finds records by index and id, exact bytes', () => {
    expect(reader.size()).to.equal(COUNT);
    expect(Buffer.from(reader.entry(5)?.line ?? []).toString()).to.equal(line(5));
    expect(reader.indexOf(sampleId(5))).to.equal(5);
    expect(reader.entry(COUNT)).to.equal(undefined);
    expect(reader.indexOf('nobody')).to.equal(undefined);
  });

  it('sees what is appended later, also after a listing was left early', () => {
    for (const entry of reader.entries({ from: 0, to: COUNT, type: undefined, state: undefined })) {
      if (entry.index === 3) break;
    }
    append(writer, COUNT, 5);
    expect(reader.size()).to.equal(COUNT + 5);
    expect(reader.entry(COUNT + 4)).not.to.equal(undefined);
  });

  it('tells open, frozen and sealed leaves apart and proves the sealed ones', () => {
    expect(reader.newestCheckpoint()).to.equal(undefined);
    expect(reader.sealOf(0)).to.equal('open');
    freeze(writer, 0, 260);
    expect(reader.sealOf(259)).to.equal('frozen');
    createBatches(writer).setCheckpoint(0, 'note of 260');
    expect(reader.sealOf(259)).to.deep.equal({ size: 260, note: 'note of 260' });
    expect(reader.sealOf(260)).to.equal('open');
    freeze(writer, 260, 300);
    createBatches(writer).setCheckpoint(260, 'note of 300');
    expect(reader.sealOf(259)).to.deep.equal({ size: 260, note: 'note of 260' });
    expect(reader.newestCheckpoint()).to.deep.equal({ size: 300, note: 'note of 300' });
    for (const size of [260, 300]) {
      const root = treeRoot(Array.from({ length: size }, (_, index) => Buffer.from(line(index))));
      for (const index of [0, 1, 255, 256, 259]) {
        const proof = reader.inclusionProof(index, size);
        expect(rootOfProof(Buffer.from(line(index)), index, size, proof)).to.deep.equal(root);
      }
    }
  });

  it('serves the log over HTTP end to end', async () => {
    freeze(writer, 0, COUNT);
    createBatches(writer).setCheckpoint(0, 'note');
    const server = await startServer(reader);
    try {
      const page = await server.ask('/v1/records?state=network&limit=2&from=100');
      expect(JSON.parse(page.text)).to.deep.include({ size: COUNT, next: 104 });
      const one = JSON.parse((await server.ask(`/v1/records/${sampleId(42)}`)).text) as { line: string; proof: object };
      expect(one.line).to.equal(line(42));
      expect(one.proof).to.deep.include({ size: COUNT, checkpoint: 'note' });
      expect((await server.ask('/v1/checkpoint')).text).to.equal('note');
    } finally {
      await server.close();
    }
  });

  it('answers 503 when the database cannot be read', async () => {
    const server = await startServer(reader);
    try {
      writer.exec('DROP TABLE entry');
      const answer = await server.ask('/v1/records/0');
      expect(answer.status).to.equal(503);
      expect(answer.text).to.include('urn:stateseal:problem:store-unavailable');
      expect(server.failures.join()).to.match(/^store-failed/u);
    } finally {
      await server.close();
    }
  });

  it('creates no database where there is none', () => {
    expect(() => openStoreReader(join(folder, 'missing.sqlite'))).to.throw(StoreError);
  });
});

function line(index: number): string {
  const type = index % 3 === 0 ? 'log.heartbeat' : 'state.changed';
  return sampleLine(index, type, index % 2 === 0 ? 'network' : 'dns');
}

function append(database: Sqlite, from: number, count: number): void {
  const indexes = Array.from({ length: count }, (_, offset) => from + offset);
  const insert = database.prepare("INSERT INTO record_index VALUES (?, ?, ?, ?, '', '', 0, 0)");
  database.transaction(() => {
    createEntries(database).append(indexes.map(line));
    for (const index of indexes) {
      const type = index % 3 === 0 ? 'log.heartbeat' : 'state.changed';
      insert.run(index, sampleId(index), type, index % 2 === 0 ? 'id-network' : 'id-dns');
    }
  })();
}

function insertState(database: Sqlite, id: string, name: string): void {
  database
    .prepare("INSERT INTO state VALUES (?, ?, 'dir:a/b', '', 'clear', '', '', '', '', '', 'state', 0, 0, '', '', '')")
    .run(id, name);
}

function freeze(database: Sqlite, prev: number, size: number): void {
  const empty = Buffer.alloc(0);
  const rest = { root: empty, body: empty, bodySha256: '', manifest: '', phase: 'frozen', frozenMs: 0 } as const;
  createBatches(database).insert({ prev, size, checkpoint: undefined, ...rest });
}
