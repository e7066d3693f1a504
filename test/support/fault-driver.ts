// Drives recorder and sealer through a script with one fault at one durable step, as the daemon does: what fails is
// tried again, after a kill on what the files hold. Everything is verified after the fault and at the end.
import { expect } from 'chai';
import { StoreError } from '../../daemon/errors.ts';
import type { Archive, PutResult } from '../../daemon/archive/archive.ts';
import { createSealer } from '../../daemon/sealer/sealer.ts';
import { createSealView } from '../../daemon/store/seal-view.ts';
import { openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { parseObjectKey } from '../../daemon/merkle/object-key.ts';
import { assertLog, type LogFacts } from './assert-log.ts';
import { ORIGIN, openLogHarness, plainRecord, testVerifier, type LogHarness } from './log-harness.ts';
import { createLogScript, SCRIPT_CONTEXT, SCRIPT_URI } from './log-script.ts';
import { createMemoryArchive, storeAway, type MemoryArchive } from './memory-archive.ts';
import { openWriteFaults } from './write-faults.ts';

class Killed extends Error {}

export type Fault = 'killed before' | 'done but reported failed' | 'killed after' | { readonly lostAtWrite: number };

/** One durable step on its way: `run` is what it really does. */
type Step = (label: string, run: () => unknown) => Promise<unknown>;

const DURABLE = ['observe', 'tick', 'append', 'freeze', 'signCheckpoint', 'setPhase', 'publish', 'resend'] as const;

export interface FaultRun {
  /** The durable steps in their order, those tried again included. */
  readonly labels: readonly string[];
  readonly facts: LogFacts;
  /** False when the fault was set beyond the last write of its step. */
  readonly wasMet: boolean;
  /** What the recorder remembers for itself at the end: equal for equal scripts, whatever happened on the way. */
  readonly memory: string;
}

/** Runs the script of so many versions with one fault at step number `at` (from 0 on; none with -1). */
export async function runScript(versions: number, at: number, fault: Fault | undefined): Promise<FaultRun> {
  const log = openLogHarness({ maxRecords: 5, maxBytes: 1 << 20 });
  const labels: string[] = [];
  let wasMet = false;
  const step: Step = async (label, run) => {
    labels.push(label);
    if (labels.length - 1 !== at || fault === undefined) return run();
    if (typeof fault === 'object') {
      const faults = openWriteFaults(`${log.dataDir}/log.sqlite`);
      try {
        faults.arm(fault.lostAtWrite);
        const result = await run();
        return result;
      } catch (error) {
        wasMet = true;
        throw error;
      } finally {
        faults.disarm();
        faults.close();
      }
    }
    wasMet = true;
    if (fault === 'killed before') throw new Killed();
    const result = await run();
    if (fault === 'killed after') throw new Killed();
    return Promise.reject(
      isPut(label) ? storeAway() : new StoreError('store-failed', 'told so', { hint: String(result) }),
    );
  };
  try {
    const facts = await drive(log, step, versions);
    return { labels, facts, wasMet, memory: readMemory(`${log.dataDir}/log.sqlite`) };
  } finally {
    log.close();
  }
}

function readMemory(databasePath: string): string {
  const database = openDatabaseReadOnly(databasePath);
  try {
    const tables = ['snapshot', 'snapshot_output', 'open_change', 'change_base', 'change_index', 'change_action'];
    const counts = tables.map((table) => {
      const row = database.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { readonly n: number };
      return `${table} ${row.n}`;
    });
    const tags = database.prepare('SELECT tag FROM taint ORDER BY tag').pluck().all() as readonly string[];
    const rows = database.prepare('SELECT serial, source_version, condition FROM state').all();
    return [...counts, JSON.stringify(rows), ...tags].join('\n');
  } finally {
    database.close();
  }
}

function isPut(label: string): boolean {
  return label.startsWith('put ');
}

/** The daemon's part: what fails is tried again, after a kill on the reopened database. */
async function drive(log: LogHarness, step: Step, versions: number): Promise<LogFacts> {
  const script = createLogScript(1);
  const archive = createMemoryArchive();
  const place = { databasePath: `${log.dataDir}/log.sqlite`, archive, verifiers: [testVerifier] };
  const done: string[] = [];
  const recorder = faulty(log, step);

  /** Tries until it is acknowledged; `begun` is what a failed attempt may have left. */
  const attempt = async (begun: readonly string[], work: () => Promise<unknown>, isRepeated = true): Promise<void> => {
    for (let tries = 0; tries < 3; tries += 1) {
      try {
        await work();
        done.push(...begun);
        return;
      } catch (error) {
        if (error instanceof Killed) log.crash();
        const { hasBegun } = await assertLog(place, { done, begun });
        if (!isRepeated) {
          if (hasBegun) done.push(...begun);
          return;
        }
      }
    }
    expect.fail('expected to succeed within three attempts');
  };
  const seal = async (): Promise<void> => {
    const database = openDatabaseReadOnly(place.databasePath);
    try {
      await openSealer(log, recorder, faultyArchive(archive, step), database).seal();
    } finally {
      database.close();
    }
  };
  for (let serial = 1; serial <= versions; serial += 1) {
    await attempt(script.steps(serial), async () => {
      const sighting = script.sighting(serial, log.methods.cursor(SCRIPT_URI));
      return recorder.observe(sighting, SCRIPT_CONTEXT);
    });
    log.clock.ms += 11_000;
    await attempt(script.closing(serial), () => recorder.tick());
    const note = `note number ${serial}`;
    await attempt([note], () => recorder.append([plainRecord(serial)]), false);
    if (serial % 2 === 0) await attempt([], seal);
  }
  await attempt([], seal);
  const facts = await assertLog(place, { done });
  expect(facts.outlines.every(({ phase }) => phase === 'published')).to.equal(true);
  return facts;
}

function faulty(log: LogHarness, step: Step): LogHarness['client'] {
  return new Proxy(log.client, {
    get: (client, name: (typeof DURABLE)[number]) => {
      const run = client[name] as (...args: unknown[]) => Promise<unknown>;
      if (!DURABLE.includes(name)) return run;
      return (...args: unknown[]) => step(toLabel(name, args), () => run(...args));
    },
  });
}

function toLabel(name: string, args: readonly unknown[]): string {
  return name === 'setPhase' ? `setPhase ${String(args[1])}` : name;
}

function faultyArchive(archive: MemoryArchive, step: Step): Archive {
  return {
    location: archive.location,
    isWriteOnce: archive.isWriteOnce,
    clockSkewMs: 0,
    put: (key, body, sha256, retention) =>
      step(`put ${parseObjectKey(key).kind}`, () => archive.put(key, body, sha256, retention)) as Promise<PutResult>,
    versions: (key) => archive.versions(key),
    get: (key, versionId, maxBytes) => archive.get(key, versionId, maxBytes),
    list: (prefix) => archive.list(prefix),
    readLock: (key, versionId) => archive.readLock(key, versionId),
    close: () => archive.close(),
  };
}

function openSealer(
  log: LogHarness,
  recorder: LogHarness['client'],
  archive: Archive,
  database: ReturnType<typeof openDatabaseReadOnly>,
) {
  return createSealer({
    openArchive: () => Promise.resolve(archive),
    recorder,
    ...createSealView(database),
    verifiers: [testVerifier],
    origin: ORIGIN,
    policy: {
      maxAgeMs: 60_000,
      maxRecords: 5,
      maxBytes: 1 << 20,
      idleMs: 3_600_000,
      structure: undefined,
      content: undefined,
    },
    now: () => log.clock.ms,
    random: () => 0.5,
    onSealed: () => undefined,
    onProblem: () => undefined,
  });
}
