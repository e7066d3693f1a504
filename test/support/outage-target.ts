// A week without the store, in a process of its own so that its memory is its own: the real recorder and sealer on a
// simulated clock, an archive directory that refuses for seven days, then takes everything. Prints one line of JSON.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Archive } from '../../daemon/archive/archive.ts';
import { openDirectoryArchive } from '../../daemon/archive/directory.ts';
import { openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { verifyArchive } from '../../daemon/verify/verify-archive.ts';
import { openLogHarness, plainRecord, testVerifier } from './log-harness.ts';
import { createLogScript, SCRIPT_CONTEXT, SCRIPT_URI } from './log-script.ts';
import { storeAway } from './memory-archive.ts';
import { openSealerOn } from './sealer-on.ts';
import { createRandom } from './seeded-random.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
const SAMPLES = 15;

/** What happened, for the assertions of test/slow/outage.test.ts. */
export interface OutageReport {
  /** Records appended by the driver, receipts not counted. */
  readonly recordCount: number;
  readonly logSize: number;
  readonly archivedSize: number;
  /** Notes that do not stand where the driver wrote them. */
  readonly misplaced: readonly string[];
  readonly integrity: string;
  readonly findingCount: number;
  /** Seals that were tried while the store was away. */
  readonly attempts: number;
  readonly problems: readonly string[];
  /** Resident set, bytes, medians after collecting garbage. */
  readonly before: number;
  readonly during: number;
  readonly after: number;
}

async function run(perMinute: number): Promise<OutageReport> {
  const log = openLogHarness({ maxRecords: 4096, maxBytes: 4 * 1024 * 1024 });
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'stateseal-outage-'));
  const store = await openDirectoryArchive(folder);
  const outage = { isAway: false, attempts: 0 };
  const database = openDatabaseReadOnly(join(log.dataDir, 'log.sqlite'));
  const problems: string[] = [];
  const sealer = openSealerOn(log, database, refusing(store, outage), {
    random: createRandom(1),
    onProblem: ({ code }) => void problems.push(code),
  });
  const script = createLogScript(1);
  let minute = 0;
  let recordCount = 0;
  let serial = 0;
  const notice = (outcome: Parameters<typeof sealer.notice>[0]): void => {
    recordCount += outcome.to - outcome.from;
    sealer.notice(outcome);
  };
  const pass = async (minutes: number, sampleFrom = Infinity, busy = 1): Promise<number> => {
    const sizes: number[] = [];
    for (let count = 0; count < minutes; count += 1) {
      minute += 1;
      log.clock.ms += MINUTE_MS;
      notice(
        log.methods.append(Array.from({ length: perMinute * busy }, (_, index) => plainRecord(minute * 1000 + index))),
      );
      if (minute % 5 === 0) notice(log.methods.append([plainRecord(minute, 'log.heartbeat')]));
      if (minute % 60 === 0) {
        serial += 1;
        notice(log.methods.observe(script.sighting(serial, log.methods.cursor(SCRIPT_URI)), SCRIPT_CONTEXT));
      }
      notice(log.methods.tick());
      await sealer.tick();
      const isSample = count >= sampleFrom && count % Math.ceil((minutes - sampleFrom) / SAMPLES) === 0;
      if (isSample) sizes.push(residentBytes());
    }
    return median(sizes);
  };

  try {
    // A busy day first: V8 widens its young generation when it first needs to, and keeps it so.
    await pass(DAY_MINUTES, Infinity, 10);
    const before = await pass(DAY_MINUTES / 2, DAY_MINUTES / 4);
    outage.isAway = true;
    const during = await pass(7 * DAY_MINUTES, 6 * DAY_MINUTES);
    outage.isAway = false;
    const { attempts } = outage;
    const after = await pass(DAY_MINUTES / 2, DAY_MINUTES / 4);
    await sealer.seal();
    const report = await verifyArchive(store, [testVerifier], { nowMs: log.clock.ms, isStrict: true });
    return {
      ...{ recordCount, attempts, problems, before, during, after },
      ...log.read(({ entries, batches }) => ({
        logSize: entries.size(),
        archivedSize: batches.outlines().findLast(({ phase }) => phase === 'published')?.size ?? 0,
        misplaced: wrongNotes([...entries.range(0, entries.size())].map(({ line }) => line.toString())),
      })),
      integrity: report.integrity,
      findingCount: report.failures.count + report.anomalies.count + report.format.count + report.notes.count,
    };
  } finally {
    database.close();
    log.close();
    rmSync(folder, { recursive: true });
  }
}

/** The store while it is away: nothing reaches it, nothing comes back. */
function refusing(store: Archive, outage: { isAway: boolean; attempts: number }): Archive {
  const refuse = (): void => {
    if (!outage.isAway) return;
    outage.attempts += 1;
    throw storeAway();
  };
  return {
    location: store.location,
    isWriteOnce: store.isWriteOnce,
    clockSkewMs: 0,
    put: async (...input) => (refuse(), store.put(...input)),
    versions: async (key) => (refuse(), store.versions(key)),
    get: async (...input) => (refuse(), store.get(...input)),
    async *list(prefix) {
      refuse();
      yield* store.list(prefix);
    },
    readLock: async (...input) => (refuse(), store.readLock(...input)),
    close: () => store.close(),
  };
}

/** Notes that are not where the driver wrote them: each once, in order. Empty when all are. */
function wrongNotes(lines: readonly string[]): readonly string[] {
  const numbers = lines.flatMap((line) => {
    const note = /"note":"number (\d+)"/u.exec(line)?.[1];
    return note === undefined || line.includes('log.heartbeat') ? [] : [Number(note)];
  });
  return numbers.flatMap((number, index) => (index > 0 && number <= (numbers[index - 1] ?? 0) ? [String(number)] : []));
}

function residentBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

process.stdout.write(`${JSON.stringify(await run(Number(process.argv[2] ?? 2)))}\n`);
