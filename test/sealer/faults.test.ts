// Every write of a seal × {lost, done but reported as failed, process killed after it}: reopened and continued, the
// archive and the log are whole, nothing is lost, doubled or forked, and the same bytes stand at every key.
import { expect } from 'chai';
import { createSealer, type Sealer } from '../../daemon/sealer/sealer.ts';
import { createSealView } from '../../daemon/store/seal-view.ts';
import { openDatabaseReadOnly, type Sqlite } from '../../daemon/store/database.ts';
import { assertLog, type LogFacts } from '../support/assert-log.ts';
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
    ...createSealView(setting.database),
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

function check({ log, archive }: Setting): Promise<LogFacts> {
  const place = { databasePath: `${log.dataDir}/log.sqlite`, archive, verifiers: [testVerifier] };
  return assertLog(place, { done: [1, 2, 3, 4, 5].map((n) => `note number ${n}`) });
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
            await check(setting);
            log.reopen();
            await open(setting).seal();
            const { outlines } = await check(setting);
            expect(outlines.every(({ phase }) => phase === 'published')).to.equal(true);
          } finally {
            setting.database.close();
            log.close();
          }
        });
      }
    }
  }
});
