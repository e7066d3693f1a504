// Every write of a seal × {lost, done but reported as failed, process killed after it}: reopened and continued, the
// archive and the log are whole, nothing is lost, doubled or forked, and the same bytes stand at every key.
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { gunzipSync } from 'node:zlib';
import { openCheckpoint } from '../../daemon/merkle/checkpoint.ts';
import { openManifest } from '../../daemon/merkle/manifest.ts';
import { parseObjectKey } from '../../daemon/merkle/object-key.ts';
import { createSealer, type Sealer } from '../../daemon/sealer/sealer.ts';
import { createBatches } from '../../daemon/store/batches.ts';
import { createEntries } from '../../daemon/store/entries.ts';
import { openDatabaseReadOnly, type Sqlite } from '../../daemon/store/database.ts';
import { ORIGIN, openLogHarness, plainRecord, testVerifier, type LogHarness } from '../support/log-harness.ts';
import { createMemoryArchive, storeAway, type MemoryArchive, type PutFate } from '../support/memory-archive.ts';

class Killed extends Error {}

interface Setting {
  readonly log: LogHarness;
  readonly archive: MemoryArchive;
  database: Sqlite;
}

function open(setting: Setting): Sealer {
  return createSealer({
    openArchive: () => Promise.resolve(setting.archive),
    recorder: setting.log.client,
    batches: createBatches(setting.database),
    size: () => createEntries(setting.database).size(),
    verifiers: [testVerifier],
    origin: ORIGIN,
    policy: {
      maxAgeMs: 60_000,
      maxRecords: 4096,
      maxBytes: 4_194_304,
      idleMs: 3_600_000,
      structure: undefined,
      content: undefined,
    },
    now: () => setting.log.clock.ms,
    random: () => 0.5,
    onSealed: () => undefined,
    onProblem: () => undefined,
  });
}

/** Re-reads everything: the archive holds exactly the log's frozen lines, in one chain, each seal signed once. */
async function assertLog({ log, archive }: Setting): Promise<void> {
  const { lines, outlines } = log.read(({ entries, batches }) => ({
    lines: [...entries.range(0, entries.size())].map(({ line }) => line.toString()),
    outlines: batches.outlines(),
  }));
  let next = 0;
  for (const { prev, size, phase } of outlines) {
    expect(prev, 'batches follow one another').to.equal(next);
    next = size;
    if (phase !== 'published') continue;
    const stored = await readAll(archive);
    const { manifest } = openManifest(only(stored, 'seal', prev), [testVerifier], ORIGIN);
    expect(manifest.size).to.equal(size);
    const { checkpoint } = openCheckpoint(only(stored, 'checkpoint', prev), [testVerifier], ORIGIN);
    expect(checkpoint.size).to.equal(size);
    expect(Buffer.from(checkpoint.root).equals(Buffer.from(manifest.root))).to.equal(true);
    const body = only(stored, 'batch', prev);
    expect(createHash('sha256').update(body).digest('hex')).to.equal(manifest.batch.sha256);
    expect(gunzipSync(body).toString().trimEnd().split('\n')).to.deep.equal(lines.slice(prev, size));
  }
}

type Stored = { readonly kind: string; readonly prev: number; readonly body: Uint8Array }[];

async function readAll(archive: MemoryArchive): Promise<Stored> {
  const stored: Stored = [];
  for await (const version of archive.list('')) {
    if (version.isDeleteMarker) continue;
    const key = parseObjectKey(version.key);
    const body = await archive.get(version.key, version.versionId);
    if (key.kind !== 'unknown') stored.push({ kind: key.kind, prev: key.prev, body });
  }
  return stored;
}

/** The one truth at a place: several versions are allowed only when they are identical. */
function only(stored: Stored, kind: string, prev: number): Uint8Array {
  const bodies = stored.filter((item) => item.kind === kind && item.prev === prev).map(({ body }) => Buffer.from(body));
  expect(new Set(bodies.map((body) => body.toString('base64'))).size, `${kind}/${prev}`).to.equal(1);
  return bodies[0] ?? Buffer.alloc(0);
}

type Fault = 'lost' | 'done but reported failed' | 'killed after' | 'killed before';
const FAULTS: readonly Fault[] = ['lost', 'done but reported failed', 'killed before', 'killed after'];
/** Puts of the two batches below: batch, manifest, checkpoint each. */
const PUTS = 6;

function fateOf(fault: Fault): PutFate {
  if (fault === 'lost') return { persisted: false, error: storeAway() };
  if (fault === 'done but reported failed') return { persisted: true, error: storeAway() };
  return { persisted: fault === 'killed after', error: new Killed() };
}

describe('sealer/faults', () => {
  for (const ignoresConditions of [false, true]) {
    for (const fault of FAULTS) {
      for (let put = 0; put < PUTS; put += 1) {
        it(`put ${put} ${fault}${ignoresConditions ? ', on a store that ignores conditions' : ''}`, async () => {
          const log = openLogHarness({ maxRecords: 3, maxBytes: 1 << 20 });
          let hits = 0;
          const archive = createMemoryArchive({
            ignoresConditions,
            onPut: (_key, _body, index) => {
              if (index !== put) return undefined;
              hits += 1;
              return fateOf(fault);
            },
          });
          const setting = { log, archive, database: openDatabaseReadOnly(`${log.dataDir}/log.sqlite`) };
          try {
            log.methods.append([1, 2, 3, 4, 5].map((n) => plainRecord(n)));
            await open(setting)
              .seal()
              .catch(() => undefined);
            expect(hits, 'the fault was met').to.equal(1);
            await assertLog(setting);
            log.reopen();
            await open(setting).seal();
            await assertLog(setting);
            expect(log.read(({ batches }) => batches.unfinished().length)).to.equal(0);
            const kept = log.read(({ entries }) => [...entries.range(0, 5)].map(({ line }) => line.toString()));
            expect(kept.map((line) => /number (\d)/.exec(line)?.[1])).to.deep.equal(['1', '2', '3', '4', '5']);
          } finally {
            setting.database.close();
            log.close();
          }
        });
      }
    }
  }
});
